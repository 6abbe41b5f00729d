"""/metrics, for Prometheus. It tells what the status tells, so it needs the password or a token."""
from flask import Blueprint, Response

from appliance.history import views
from appliance.ledger.roles import INVERTER, role
from webui.data import box
from webui.present import energy
from webui.security import access

page = Blueprint("metrics", __name__)


@page.get("/metrics")
@access.reader
def show() -> Response:
    """All metrics, as they are now."""
    from webui.present import metrics  # its library is loaded only where somebody scrapes
    connection = box().store()
    units = [device for device in views.devices(connection)
             if role(device.kind, device.serial, device.model) == INVERTER]
    return Response(metrics.text(box().status(), energy.now(box()),
                                 views.lifetime(connection), energy.lifetime_dwh(box()), units),
                    content_type=metrics.CONTENT_TYPE)
