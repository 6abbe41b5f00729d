"""Words of the error pages: what happened, and what to do."""
from webui.language import N_

PAGES = {
    403: (N_("Not allowed"), N_("Log in as the owner and try again.")),
    404: (N_("Not found"), N_("There is no such page. Use the menu above.")),
    405: (N_("Not this way"), N_("This address takes forms only. Go back and use the button on the page.")),
    413: (N_("Too large"), N_("What was sent is larger than this page accepts.")),
}
FORM = (N_("Please send that again"), N_(
    "The form was older than your session, or came from another site. Nothing was changed. "
    "Go back, reload the page, and send it again."))
HISTORY = (N_("The history cannot be read just now"),
           N_("{reason}. Storage on the Diagnostics page says whether reports of your SunPower box are still kept."))
FULL = N_("The card is full")
NOT_SAVED = N_("That could not be saved")
BUG = (N_("That went wrong"), N_("suntap could not build this page. Diagnostics and its log say why."))
API_NOT_FOUND = "There is no such address; /api/v1/openapi.json describes those there are."
API_BUG = "suntap could not answer this; its log says why"
HOST = ("This page does not answer to that name. Open it by the box's IP address or its .local name, and enter the "
        "name under Settings › This page › Further names of the page.\n")
