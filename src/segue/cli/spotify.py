"""Commands about the account with Spotify."""

from __future__ import annotations

import webbrowser

import click

from segue.cli import options, output

_PORT = 8888


@click.group()
def spotify() -> None:
    """Your account with Spotify, for `segue crawl spotify`.

    Register an app at https://developer.spotify.com/dashboard, with the redirect URI
    http://127.0.0.1:8888/callback, and set SEGUE_SPOTIFY_CLIENT_ID to its client ID. To
    work without a login, set SEGUE_SPOTIFY_CLIENT_SECRET as well.
    """


@spotify.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=_PORT,
    show_default=True,
    help="Port of the redirect URI that the app is registered with.",
)
@click.option("--paste", is_flag=True, help="Paste the address that a browser elsewhere ends at.")
@click.option("--no-browser", is_flag=True, help="Only print the address; open no browser.")
def login(port: int, paste: bool, no_browser: bool) -> None:
    """Log in, in a browser; the token is kept in a file that only you can read.

    Where this machine has no browser, use --paste: open the address anywhere, agree, and
    paste the address of the page that it ends at, which need not load.
    """
    from segue.service.spotify_account import log_in

    def show(address: str) -> None:
        click.echo(f"Open this page and agree:\n\n{address}\n", err=True)
        if not no_browser and not paste:
            webbrowser.open(address)

    def pasted() -> str:
        answer: str = click.prompt("Paste the address it ends at", err=True)
        return answer

    log_in(show, port=port, paste=pasted if paste else None)
    click.echo("Logged in.")


@spotify.command()
def logout() -> None:
    """Forget the login."""
    from segue.service.spotify_account import log_out

    click.echo("Logged out." if log_out() else "Nobody was logged in.")


@spotify.command()
@options.as_json
def status(as_json: bool) -> None:
    """Show which app is known and who is logged in."""
    from segue.service.crawl_report import local_time
    from segue.service.spotify_account import login_status

    state = login_status()
    if as_json:
        output.print_json(state)
        return
    click.echo(f"The app is {state['client_id']}{'' if state['has_secret'] else ', no secret'}.")
    if state["logged_in"] is None:
        click.echo("Nobody is logged in: `segue spotify login`.")
    else:
        who = "A user" if state["logged_in"] == "user" else "The app itself"
        click.echo(f"{who} is logged in; the token ends at {local_time(state['expires_at'])}.")
