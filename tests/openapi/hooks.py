"""Who calls while schemathesis tries docs/openapi.json, and what the random calls are told.

Each call is made by the next of many accounts, because one person may make 100 requests a minute.
They are made here, through the project's own addresses: staff, and students whose accounts the
run deletes one after the other.
"""

import atexit
import itertools
import json
import os
import uuid
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
import schemathesis

PROJECT = os.environ["SUPABASE_URL"]
PUBLISHABLE = os.environ["SUPABASE_PUBLISHABLE_KEY"]
SECRET = os.environ["SUPABASE_SECRET_KEY"]
PDF = Path(__file__).parents[2] / "masterclass" / "masterclass.pdf"
STAFF = int(os.environ.get("GRIOT_OPENAPI_STAFF", "40"))
STUDENTS = 16
# A Worker without them keeps its hooks shut.
HOOK_SECRETS = {
    "/api/hooks/database": os.environ.get("WEBHOOK_SECRET"),
    "/api/hooks/whapi": os.environ.get("WHAPI_WEBHOOK_SECRET"),
}

http = requests.Session()


def call(method, path, token, **options):
    """One call to the project; anything but a success ends the run."""
    headers = {"apikey": PUBLISHABLE, "prefer": "return=representation", **options.pop("headers", {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    answer = http.request(method, PROJECT + path, headers=headers, timeout=60, **options)
    if not answer.ok:
        raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
    return answer.json() if answer.content else None


def sign_in(email, password):
    body = {"email": email, "password": password}
    return call("POST", "/auth/v1/token?grant_type=password", None, json=body)["access_token"]


def account(_):
    """A new account: its id and its access token."""
    email, password = f"{uuid.uuid4()}@griot.test", f"Aa1-{uuid.uuid4()}"
    body = {"email": email, "password": password, "email_confirm": True}
    user = call("POST", "/auth/v1/admin/users", SECRET, json=body, headers={"apikey": SECRET})
    return user["id"], sign_in(email, password)


def prepare():
    admin = sign_in(os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(account, range(STAFF + STUDENTS)))
    staff, students = people[:STAFF], people[STAFF:]
    # Half of them may do what only administrators may.
    roles = [{"user_id": id, "role": "admin" if n % 2 else "tuteur"} for n, (id, _) in enumerate(staff)]
    call("POST", "/rest/v1/user_roles", admin, json=roles)
    for id, token in students:
        profile = {
            "id": id,
            "full_name": "Élève Essai",
            "date_of_birth": "2000-01-02",
            "whatsapp_number": "+24174000000",
        }
        call("POST", "/rest/v1/profiles", token, json=profile)

    # Something that exists, so that not every id is unknown.
    [masterclass] = call("POST", "/rest/v1/masterclasses", admin, json={"title": "Essai"})
    path = f"masterclass-pdfs/{masterclass['id']}/cours.pdf"
    pdf = {"content-type": "application/pdf"}
    call("POST", f"/storage/v1/object/{path}", admin, data=PDF.read_bytes(), headers=pdf)
    call("PATCH", f"/rest/v1/masterclasses?id=eq.{masterclass['id']}", admin, json={"pdf_url": path})
    question = {
        "masterclass_id": masterclass["id"],
        "question_text": "Combien font deux et deux ?",
        "choices": {"A": "trois", "B": "quatre", "C": "cinq", "D": "six"},
        "correct_choice": "B",
    }
    questions = call("POST", "/rest/v1/questions", admin, json=[question] * 60)
    return {
        "staff": [token for _, token in staff],
        "students": [token for _, token in students],
        "masterclass": masterclass["id"],
        "known": {
            "question": itertools.cycle([row["id"] for row in questions]),
            "student": itertools.cycle([id for id, _ in students[1:]]),
        },
    }


world = prepare()
staff = itertools.cycle(world["staff"])
leaving = itertools.cycle(world["students"][1:])
turn = itertools.count()


@schemathesis.auth(refresh_interval=None)
class Caller:
    """A token of the next person; the default would keep one for minutes."""

    def get(self, case, context):
        path, method = context.operation.path, context.operation.method.upper()
        if path == "/api/account" and method == "DELETE":
            return next(leaving)
        return next(staff)

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def is_uuid(value):
    try:
        return str(uuid.UUID(str(value))) == str(value).lower()
    except ValueError:
        return False


@schemathesis.hook
def before_call(context, case, kwargs):
    # Nobody's server is called at random: names under .invalid lead nowhere (RFC 2606).
    body = case.body
    if isinstance(body, dict):
        address = body.get("pdf_url")
        if isinstance(address, str) and "://" in address:
            body["pdf_url"] = "https://griot.invalid/a.pdf"
    if next(turn) % 2:
        return
    # Every other call that could be right speaks of something that exists.
    for name, value in list((case.path_parameters or {}).items()):
        kind = "question" if "question" in case.operation.path else "student"
        if is_uuid(value):
            case.path_parameters[name] = next(world["known"][kind])
    query = case.query or {}
    if is_uuid(query.get("masterclass_id")):
        query["masterclass_id"] = world["masterclass"]
    right = case.meta is not None and case.meta.generation.mode.is_positive
    if right and isinstance(body, dict) and "choices" in body:
        # Drawn at random, four choices are hardly ever four, and a text is often only spaces.
        body["question_text"] = "Combien font deux et deux ?"
        body["choices"] = {"A": "trois", "B": "quatre", "C": "cinq", "D": "six"}
        body.pop("evidence_page", None)
        body.pop("evidence_quote", None)
        if "version" in body:
            body["version"] = 1
    if right and isinstance(body, dict) and isinstance(body.get("questions"), list):
        body["questions"] = [{"id": next(world["known"]["question"]), "version": 1}]
    if right and isinstance(body, dict) and case.operation.path == "/api/send-whatsapp":
        # The variables of a message are those of its type, which a schema cannot say.
        body.update(to="074 00 00 00", messageType="custom", data={"text": "Bonjour"})
    secret = HOOK_SECRETS.get(case.operation.path)
    if right and secret:
        case.headers["x-webhook-secret"] = secret
    if isinstance(body, dict) and is_uuid(body.get("masterclass_id")):
        body["masterclass_id"] = world["masterclass"]
        if case.operation.path == "/api/generate-questions" and body.get("engine") != "openai":
            body.pop("pdf_url", None)


statuses = defaultdict(Counter)


@schemathesis.hook
def after_call(context, case, response):
    statuses[case.operation.label][response.status_code] += 1


@atexit.register
def write():
    """For the table that `cargo xtask test` prints."""
    target = os.environ.get("GRIOT_OPENAPI_STATUSES")
    if target:
        Path(target).write_text(json.dumps(statuses))
