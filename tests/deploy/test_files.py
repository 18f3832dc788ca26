"""Test that the platforms' files contain what the platforms read, as far as tests can tell without them.

The facts come from their documentation as of 2026. It includes the schemas of app.json and render.yaml, the references
of fly.toml and railway.json, and the Compose specification.
"""

from __future__ import annotations

import re

import pytest

from tests.deploy import files
from tests.serving import ROOT

ALIVE, READY = "/healthz", "/readyz"
GUNICORN_ADDS = 4
"""The seconds that gunicorn.conf.py adds to DRAIN_SECONDS before it kills a worker."""

HEROKU_WAITS = 30
"""How many seconds Heroku waits after SIGTERM; it has no setting for this."""


def test_app_json_says_only_what_heroku_reads() -> None:
    app = files.heroku()

    known = {"name", "description", "keywords", "website", "repository", "logo", "success_url", "scripts", "env"}
    assert set(app) <= known | {"formation", "addons", "buildpacks", "environments", "stack", "image"}
    assert app["stack"] in {"heroku-22", "heroku-24", "heroku-26"}
    assert app["buildpacks"] == [{"url": "heroku/python"}]
    assert app["formation"] == {"web": {"quantity": 1, "size": "basic"}}
    assert app["addons"] == [{"plan": "heroku-postgresql:essential-0"}]
    for variable in app["env"].values():
        assert set(variable) <= {"description", "value", "required", "generator"} and variable["description"]
        assert isinstance(variable.get("value", ""), str) and variable.get("generator", "secret") == "secret"


def test_heroku_makes_the_key_and_leaves_access_to_whoever_deploys() -> None:
    env = files.heroku()["env"]

    assert env["SECRET_KEY"]["generator"] == "secret"
    assert env["ACCESS"]["required"] is False and "value" not in env["ACCESS"]
    assert "spend" in env["ACCESS"]["description"]


def test_render_yaml_says_only_what_render_reads() -> None:
    blueprint, service = files.read_yaml("render.yaml"), files.render()

    assert set(blueprint) == {"services", "databases"}
    assert (service["type"], service["runtime"]) == ("web", "python")
    assert set(service) <= {
        *("type", "name", "runtime", "plan", "region", "branch", "buildCommand", "startCommand", "preDeployCommand"),
        *("healthCheckPath", "maxShutdownDelaySeconds", "numInstances", "disk", "envVars", "autoDeployTrigger"),
    }
    assert service["plan"] in {"free", "starter", "standard", "pro"}
    (database,) = blueprint["databases"]
    assert (database["plan"], database["ipAllowList"]) == ("basic-256mb", [])
    variables = {variable["key"]: variable for variable in service["envVars"]}
    assert variables["SECRET_KEY"] == {"key": "SECRET_KEY", "generateValue": True}
    assert variables["DATABASE_URL"]["fromDatabase"] == {"name": database["name"], "property": "connectionString"}
    assert "ACCESS" not in variables
    assert all(isinstance(value, str) for value in files.fixed(service["envVars"]).values())


def test_fly_toml_says_only_what_fly_reads() -> None:
    fly = files.fly()

    known = {"app", "kill_signal", "kill_timeout", "env", "mounts", "http_service", "checks", "restart", "vm"}
    assert set(fly) == known
    assert fly["kill_signal"] == "SIGTERM"
    service = fly["http_service"]
    assert service["internal_port"] == int(fly["env"]["PORT"])
    assert (service["auto_stop_machines"], service["auto_start_machines"]) == ("off", False)
    assert service["concurrency"]["type"] == "requests"
    assert service["concurrency"]["soft_limit"] < service["concurrency"]["hard_limit"]
    assert fly["env"]["INSTANCE"] == fly["mounts"]["destination"] == files.image_environ()["INSTANCE"]
    assert not any(name.startswith("FLY_") or not isinstance(value, str) for name, value in fly["env"].items())


def test_railway_json_says_only_what_railway_reads() -> None:
    railway = files.railway()

    assert set(railway) == {"$schema", "build", "deploy"}
    assert railway["build"] == {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}
    deploy = railway["deploy"]
    assert set(deploy) <= {
        *("startCommand", "preDeployCommand", "healthcheckPath", "healthcheckTimeout", "restartPolicyType"),
        *("restartPolicyMaxRetries", "overlapSeconds", "drainingSeconds"),
    }
    assert deploy["restartPolicyType"] in {"ON_FAILURE", "ALWAYS", "NEVER"}
    # Railway's schema requires numbers here, although the examples in its documentation show strings.
    assert all(isinstance(deploy[name], int) for name in ("overlapSeconds", "drainingSeconds", "healthcheckTimeout"))


def test_compose_keeps_the_database_and_asks_for_secrets_in_a_sentence() -> None:
    web, db = files.compose()["web"], files.compose()["db"]

    assert db["volumes"] == ["database:/var/lib/postgresql/data"]
    assert "database" in files.read_yaml("compose.yaml")["volumes"]
    assert web["depends_on"] == {"db": {"condition": "service_healthy"}} and "pg_isready" in db["healthcheck"]["test"]
    assert web["env_file"] == ".env"
    assert "SECRET_KEY:?Put a line" in web["environment"]["SECRET_KEY"]
    assert "POSTGRES_PASSWORD:?Put a line" in web["environment"]["DATABASE_URL"]
    assert web["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_a_container_that_lost_its_database_is_not_unhealthy() -> None:
    assert ALIVE in files.last_stage("HEALTHCHECK")[0].text and READY not in files.last_stage("HEALTHCHECK")[0].text


def test_fly_routes_by_whether_this_is_alive_and_deploys_by_whether_it_is_ready() -> None:
    fly = files.fly()
    (routing,), deploying = fly["http_service"]["checks"], fly["checks"]["ready"]

    assert (routing["path"], deploying["path"]) == (ALIVE, READY)
    assert (deploying["type"], deploying["port"]) == ("http", fly["http_service"]["internal_port"])


def test_railway_deploys_by_whether_this_is_ready_as_it_asks_at_no_other_time() -> None:
    deploy = files.railway()["deploy"]

    assert (deploy["healthcheckPath"], deploy["healthcheckTimeout"]) == (READY, 120)


def test_render_restarts_by_whether_this_is_alive_and_deploys_after_the_database_was_brought_up_to_date() -> None:
    service = files.render()

    assert service["healthCheckPath"] == ALIVE
    assert service["preDeployCommand"] == files.procfile()["release"]
    assert service["plan"] != "free"  # free services can't have such a command


def test_what_ends_with_an_error_is_restarted_some_times_where_the_platform_counts() -> None:
    (fly,), railway = files.fly()["restart"], files.railway()["deploy"]

    assert (fly["policy"], fly["retries"]) == ("on-failure", 10)
    assert (railway["restartPolicyType"], railway["restartPolicyMaxRetries"]) == ("ON_FAILURE", 10)


@pytest.mark.parametrize("service", ["web", "db"])
def test_compose_starts_everything_again_after_a_reboot(service: str) -> None:
    # With on-failure, Docker wouldn't start a container that exited with 0 when the machine shut down.
    assert files.compose()[service]["restart"] == "unless-stopped"


def test_no_platform_ends_by_force_what_is_still_draining() -> None:
    waits = {HEROKU_WAITS: files.heroku()["env"]["DRAIN_SECONDS"]["value"]}
    waits[files.fly()["kill_timeout"]] = files.fly()["env"]["DRAIN_SECONDS"]

    assert all(float(drain) + GUNICORN_ADDS < wait for wait, drain in waits.items())


def test_render_and_compose_end_nothing_by_force_that_is_still_draining() -> None:
    web = files.compose()["web"]
    waits = {int(web["stop_grace_period"].removesuffix("s")): web["environment"]["DRAIN_SECONDS"]}
    waits[files.render()["maxShutdownDelaySeconds"]] = files.fixed(files.render()["envVars"])["DRAIN_SECONDS"]

    assert all(float(drain) + GUNICORN_ADDS < wait for wait, drain in waits.items())


def test_every_variable_of_a_file_is_a_documented_setting() -> None:
    of_image = set(files.image_environ()) - files.OF_PYTHON
    commands = [*files.procfile().values(), files.railway()["deploy"]["startCommand"]]
    of_commands = {name for command in commands for name in re.findall(r"\b([A-Z_]+)=", command)}

    assert of_image | set(files.heroku()["env"]) | set(files.fly()["env"]) <= files.SETTINGS
    assert of_commands <= files.SETTINGS | files.OF_GUNICORN


@pytest.mark.parametrize("file", ["render.yaml", "compose.yaml"])
def test_every_variable_of_a_yaml_file_is_a_documented_setting(file: str) -> None:
    set_by = {
        "render.yaml": lambda: {variable["key"] for variable in files.render()["envVars"]},
        "compose.yaml": lambda: set(files.compose()["web"]["environment"]),
    }[file]

    assert set_by() <= files.SETTINGS


def test_the_python_of_the_image_is_the_one_that_heroku_and_render_take() -> None:
    version = (ROOT / ".python-version").read_text().strip()

    assert {step.words[0] for step in files.dockerfile() if step.name == "FROM"} == {f"python:{version}-slim"}
