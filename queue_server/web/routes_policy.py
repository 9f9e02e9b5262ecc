"""Routes of a manager: the configuration, its settings one by one, temporary services."""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract.messages_policy import ConfigChange, SurgeService
from queue_server.web import policy
from queue_server.web.call import Route

POLICY = (
    Route(
        name="config",
        method="GET",
        path="/config",
        needs=("manage",),
        handler=policy.config,
        answer="Config",
        summary="The configuration in force, its version, and the defaults of the policy",
    ),
    Route(
        name="config-preview",
        method="POST",
        path="/config/preview",
        needs=("manage",),
        handler=policy.preview,
        message=ConfigChange,
        refusals=("config_changed",),
        answer="ConfigChanges",
        summary="What changed settings would be, refused as the change itself would be",
    ),
    Route(
        name="config-change",
        method="POST",
        path="/config/change",
        needs=("manage",),
        handler=policy.change,
        kind="command",
        message=ConfigChange,
        refusals=("config_changed",),
        answer="ConfigChanges",
        summary="Change settings: one new version of the configuration, or none",
    ),
    Route(
        name="surge",
        method="POST",
        path="/services",
        needs=("manage",),
        handler=policy.surge,
        kind="command",
        message=SurgeService,
        success=201,
        answer="Surge",
        summary="Make a temporary service that open counters serve at once",
    ),
    Route(
        name="surge-end",
        method="POST",
        path="/services/{service}/end",
        needs=("manage",),
        handler=policy.surge_end,
        kind="command",
        message=m.Command,
        answer="Surge",
        summary="No more numbers of a temporary service; who waits is served",
    ),
)
