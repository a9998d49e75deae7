"""Spectrograms: how loud a song is at each pitch as it goes on, and those of a genre together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.plots.fonts import Fonts, fonts_for, plain
from segue.plots.installed import require
from segue.plots.palette import SOFT
from segue.plots.sheet import check_format, header, save, sheet, style
from segue.plots.words import fitted, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RANGE: Final = 80.0  # decibels that are told apart
PANELS: Final = 25  # songs of a genre that have a picture of their own

_COLORS: Final = "magma"  # even in lightness, and so told apart by all eyes and in print
_NO_SOUND: Final = "#E9EBEE"  # beyond the end of a song
_HZ: Final = (125, 250, 500, 1_000, 2_000, 4_000, 8_000)
_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600)
_CLOCK_FROM: Final = 120.0  # seconds from which on times are minutes and seconds
_COLUMNS: Final = 5

# Inches.
_WIDTH: Final = 13.0
_LEFT, _RIGHT = 0.9, 1.15
_HEAD, _FOOT = 1.25, 0.7
_SONG_HIGH: Final = 4.6
_PANEL_HIGH, _PANEL_NAME, _GAP = 1.25, 0.27, 0.14
_MEAN_HIGH, _MEAN_NAME = 2.3, 0.9


@dataclass(frozen=True, eq=False)
class SongMel:
    """A song of a genre.

    Attributes
    ----------
    title
        In a few words, of any script.
    power
        Mel power, at or above 0 [shape=(frames, n_mels)].
    """

    title: str
    power: NDArray[np.float32]


def draw_song(
    power: NDArray[np.float32], sample_rate: int, hop_length: int, title: str, out: Path
) -> Fonts:
    """Write the mel spectrogram of a song as PNG or SVG; return the fonts it was drawn with.

    Decibels are below the loudest place of the song, 80 of them told apart.

    Parameters
    ----------
    power
        Mel power on Slaney's scale from 0 to half of `sample_rate`, at or above 0
        [shape=(frames, n_mels)].
    sample_rate
        Hz.
    hop_length
        Samples from one frame to the next.

    Raises
    ------
    UsageError
        If there is no frame, matplotlib is not installed, or the name of the file ends in neither
        ``.png`` nor ``.svg``.
    LibraryError
        If it cannot be written.
    """
    check_format(out)
    require("matplotlib")
    _check([power])
    seconds = len(power) * hop_length / sample_rate
    bands = power.shape[1]
    about = f"mel spectrogram · {_clock(round(seconds))} · {bands} bands up to {_top(sample_rate)}"
    fonts = fonts_for([plain(title)])
    with style(fonts):
        high = _HEAD + _SONG_HIGH + _FOOT
        figure = sheet(_WIDTH, high)
        _header(figure, readable(title, fonts, "A song"), about)
        room = (_LEFT, _FOOT, _WIDTH - _LEFT - _RIGHT, _SONG_HIGH)
        axes = _axes(figure, room)
        image = _image(axes, decibels(power), hop_length / sample_rate)
        _times(axes, seconds, 12)
        _pitches(axes, sample_rate, bands, _SONG_HIGH)
        _bar(figure, image, (_FOOT, _SONG_HIGH), "dB relative to the song's maximum")
        save(figure, out)
    return fonts


def draw_genre(
    songs: Sequence[SongMel], name: str, sample_rate: int, hop_length: int, out: Path
) -> Fonts:
    """Write the picture of a genre: its songs side by side, and beneath them their mean.

    The first 25 songs have a panel; the mean is that of all, see `mean_decibels`.

    Parameters
    ----------
    songs
        At least one; all of as many bands.
    name
        Of the genre.
    sample_rate, hop_length
        As for `draw_song`.

    Raises
    ------
    UsageError, LibraryError
        As for `draw_song`.
    """
    check_format(out)
    require("matplotlib")
    _check([song.power for song in songs])
    frame = hop_length / sample_rate
    levels = [decibels(song.power) for song in songs]
    shown = songs[:PANELS]
    titles = [plain(song.title) for song in shown]
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    seconds = max(map(len, levels)) * frame
    fonts = fonts_for([*titles, plain(name)])
    with style(fonts):
        grid = rows * (_PANEL_NAME + _PANEL_HIGH)
        high = _HEAD + grid + _MEAN_NAME + _MEAN_HIGH + _FOOT
        figure = sheet(_WIDTH, high)
        bands = levels[0].shape[1]
        count = f"{len(songs)} songs" if len(songs) > 1 else "1 song"
        about = f"mel spectrograms of {count} · {bands} bands up to {_top(sample_rate)}"
        _header(figure, readable(name, fonts, "A genre"), about)
        width = (_WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP) / columns
        for i, (title, level) in enumerate(zip(titles, levels, strict=False)):
            row, column = divmod(i, columns)
            left = _LEFT + column * (width + _GAP)
            bottom = high - _HEAD - (row + 1) * (_PANEL_NAME + _PANEL_HIGH) + _PANEL_NAME
            axes = _axes(figure, (left, bottom, width, _PANEL_HIGH))
            text = fitted(figure, readable(title, fonts, f"song {i + 1}"), 8.5, width)
            axes.set_title(text, size=8.5, loc="left", pad=3)
            image = _image(axes, level, frame)
            lowest = i + columns >= len(shown)
            _times(axes, seconds, 4, named=lowest, size=8)
            if lowest:  # names of times not into the panel beside it
                names = axes.get_xticklabels()
                names[0].set_horizontalalignment("left")
                if axes.get_xticks()[-1] > 0.97 * seconds:
                    names[-1].set_horizontalalignment("right")
            _pitches(axes, sample_rate, bands, _PANEL_HIGH, named=column == 0, size=8)
        axes = _axes(figure, (_LEFT, _FOOT, _WIDTH - _LEFT - _RIGHT, _MEAN_HIGH))
        mean = mean_decibels(levels)
        said = f"Mean of the {len(songs)} songs, in dB" if len(songs) > 1 else "The same, larger"
        axes.set_title(said, size=13, weight="bold", loc="left", pad=7)
        _image(axes, mean, frame)
        _times(axes, len(mean) * frame, 12)
        _pitches(axes, sample_rate, bands, _MEAN_HIGH)
        all_high = high - _HEAD - _FOOT
        _bar(figure, image, (_FOOT, all_high), "dB relative to each song's maximum")
        save(figure, out)
    return fonts


def decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return decibels relative to the maximum, from -80 to 0; of silence all are -80.

    >>> decibels(np.array([[1.0, 0.01], [0.0, 100.0]], dtype=np.float32)).tolist()
    [[-20.0, -40.0], [-80.0, 0.0]]
    """
    loudest = float(power.max())
    if loudest <= 0:
        return np.full(power.shape, -RANGE, dtype=np.float32)
    least = loudest * 10 ** (-RANGE / 10)
    ratio = np.maximum(power, least, dtype=np.float64) / loudest
    return np.asarray(10 * np.log10(ratio), dtype=np.float32)


def mean_decibels(levels: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean at each time and band of the songs that last so long.

    It ends where fewer than half of the songs go on: a mean of the few says nothing of the many.

    Parameters
    ----------
    levels
        Decibels of at least one song [each shape=(frames, n_mels)].
    """
    lengths = sorted(map(len, levels), reverse=True)
    frames = lengths[(len(lengths) - 1) // 2]
    total = np.zeros((frames, levels[0].shape[1]))
    count = np.zeros((frames, 1))
    for level in levels:
        part = level[:frames]
        total[: len(part)] += part
        count[: len(part)] += 1
    return np.asarray(total / count, dtype=np.float32)


def _check(powers: Sequence[NDArray[np.float32]]) -> None:
    if not powers or not all(map(len, powers)):
        raise UsageError("there is no sound to draw a spectrogram of; name a song that has some")


def _header(figure: Figure, title: str, about: str) -> None:
    header(figure, fitted(figure, title, 23, _WIDTH - 0.7, bold=True), about)


def _axes(figure: Figure, room: tuple[float, float, float, float]) -> Axes:
    """Return axes at left, bottom, width and height in inches."""
    width, height = figure.get_size_inches()
    left, bottom, wide, high = room
    axes = figure.add_axes((left / width, bottom / height, wide / width, high / height))
    axes.set_facecolor(_NO_SOUND)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _image(axes: Axes, levels: NDArray[np.float32], frame: float) -> Any:
    """Draw decibels over seconds, the middle of each frame at its time."""
    return axes.imshow(
        levels.T,
        cmap=_COLORS,
        vmin=-RANGE,
        vmax=0,
        origin="lower",
        aspect="auto",
        extent=(-frame / 2, (len(levels) - 0.5) * frame, -0.5, levels.shape[1] - 0.5),
    )


def _times(axes: Axes, seconds: float, most: int, *, named: bool = True, size: float = 10) -> None:
    """Set the horizontal axis: at most `most` round times beside 0, in minutes beyond two."""
    step = next((step for step in _STEPS if seconds // step <= most), _STEPS[-1])
    times = np.arange(0, seconds + step / 1000, step)
    clock = seconds > _CLOCK_FROM
    axes.set_xlim(0, seconds)
    axes.set_xticks(times, [_clock(t) if clock else f"{t:g}" for t in times.round(3).tolist()])
    axes.tick_params(axis="x", labelsize=size, colors=SOFT, labelbottom=named, length=3)
    if named:
        axes.set_xlabel("minutes:seconds" if clock else "seconds", size=size, color=SOFT)


def _pitches(
    axes: Axes, sample_rate: int, bands: int, high: float, *, named: bool = True, size: float = 10
) -> None:
    """Set the vertical axis: round frequencies where the bands of the mel scale have them.

    Parameters
    ----------
    high
        Inches of the axis; frequencies too close for their names are left out, low ones first.
    """
    apart = 1.25 * size / 72 / high * bands
    ticks: dict[float, str] = {}
    for hertz in reversed(_HZ):
        place = band_of(hertz, sample_rate, bands)
        if place <= bands - 0.5 and min(ticks, default=np.inf) - place >= apart:
            ticks[place] = f"{hertz // 1000}k" if hertz >= 1_000 else str(hertz)
    axes.set_ylim(-0.5, bands - 0.5)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="y", labelsize=size, colors=SOFT, labelleft=named, length=3)
    if named:
        axes.set_ylabel("hertz", size=size, color=SOFT)


def band_of(hertz: float, sample_rate: int, bands: int) -> float:
    """Return where a frequency lies among mel bands, 0 at the centre of the first.

    The bands' centres are evenly spaced on Slaney's scale ("Auditory Toolbox", 1998: linear below
    1 kHz, logarithmic above) between 0 and half of the sample rate.

    >>> round(band_of(11_025, 22_050, 128), 6), round(band_of(0, 22_050, 128), 6)
    (128.0, -1.0)
    """
    return float((bands + 1) * _mel(hertz) / _mel(sample_rate / 2) - 1)


def _mel(hertz: float) -> float:
    if hertz < 1_000:
        return hertz * 3 / 200
    return float(15 + 27 * np.log(hertz / 1_000) / np.log(6.4))


def _bar(figure: Figure, image: Any, room: tuple[float, float], name: str) -> None:
    """Draw what the colours mean, at bottom and of height in inches."""
    bottom, high = room
    axes = _axes(figure, (_WIDTH - _RIGHT + 0.2, bottom, 0.18, high))
    bar = figure.colorbar(image, cax=axes, ticks=np.arange(-RANGE, 1, 20))
    bar.outline.set_visible(False)
    axes.tick_params(labelsize=10, colors=SOFT, length=3)
    axes.set_ylabel(name, size=10, color=SOFT)


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if whole >= 3_600:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def _top(sample_rate: int) -> str:
    return f"{sample_rate / 2_000:.1f} kHz"
