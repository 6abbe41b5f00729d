"""Words of the error pages: what happened, and what to do."""
PAGES = {
    403: ("Not allowed", "Log in as the owner and try again."),
    404: ("Not found", "There is no such page. Use the menu above."),
    405: ("Not this way", "This address takes forms only. Go back and use the button on the page."),
    413: ("Too large", "What was sent is larger than this page accepts."),
}
FORM = ("Please send that again", "The form was older than your session, or came from another site. Nothing was "
        "changed. Go back, reload the page, and send it again.")
HISTORY = ("The history cannot be read just now",
           "{reason}. Reports of your SunPower box are kept all the same; Diagnostics shows how suntap is.")
BUG = ("That went wrong", "suntap could not build this page. Diagnostics and its log say why.")
API_NOT_FOUND = "There is no such address; /api/v1/openapi.json describes those there are."
API_BUG = "suntap could not answer this; its log says why"
HOST = ("This page does not answer to that name. Open it by the box's IP address or its .local name, and enter the "
        "name under Settings › This page › Further names of the page.\n")
