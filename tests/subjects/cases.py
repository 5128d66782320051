"""Each case: programs that are right or wrong in a known way, and the verdict that is right about them.

`violated`: the invariants that must be violated, each with the suspects that every violation of it must name (a list: one of
these sets). `also`: invariants that may be violated too, because they follow from the same fault, with their suspects
(None: any). Nothing else may be violated. `pending`: what is judged wrongly today; such a case is run with --pending only.
"""

import dataclasses

PASS, FAIL, INVALID = 0, 1, 4

OURS = None  # payment-server, payment-client


@dataclasses.dataclass
class Case:
    name: str
    exit_code: int = PASS
    violated: dict = dataclasses.field(default_factory=dict)
    also: dict = dataclasses.field(default_factory=dict)
    says: tuple = ()  # texts that the harness must print
    server: str = OURS  # arguments of server.py
    servers: int = 1
    shell: list = dataclasses.field(default_factory=list)  # words before the server's command
    server_json: dict = dataclasses.field(default_factory=dict)
    clients: dict = dataclasses.field(default_factory=lambda: {"reference": OURS})  # arguments of client.py
    resume: str = "token"
    client_json: dict = dataclasses.field(default_factory=dict)  # by client's name
    producer: str = None  # arguments of producer.py, beside the embedded one
    producer_shell: bool = False
    load: bool = True  # the embedded producer
    poison: int = 0
    records: tuple = (2, 4)  # of a payment
    rate: str = "150/s"
    duration: str = ""  # default: until a fault is over, or short
    fault: tuple = ()  # type, target, further members
    drain: str = "20s"
    probe_ms: int = 20
    relaxed: tuple = ()
    pending: str = ""

    def scenario(self, here, python, stubs):
        env = {"PYTHONPATH": stubs, "PYTHONDONTWRITEBYTECODE": "1", "GRPC_ENABLE_FORK_SUPPORT": "0"}
        command = lambda program, text: [python, f"{here}/{program}.py", *text.split()]
        servers = []
        for number in range(1, self.servers + 1):
            server = {"name": f"server-{number}", **self.server_json}
            if self.server is not OURS:
                text = "--brokers {brokers} --topic {topic} --port {port} " + self.server
                server.update(command=[*self.shell, *command("server", text)], env=env)
            servers.append(server)
        clients = []
        for name, text in self.clients.items():
            client = {"name": name, "resume": self.resume}
            if text is OURS:
                client["args"] = ["--backoff", "50ms..200ms", "--attempts", "0"]
            else:
                words = "--servers {servers} --event-log {event_log} "
                client.update(command=command("client", words + text), env=env, reconnect_delay_min="100ms",
                              reconnect_delay_max="500ms")
            client.update(self.client_json.get(name, {}))
            clients.append(client)
        producers = []
        if self.load:
            producers.append({"name": "load", "records_per_payment": dict(zip(("min", "max"), self.records))})
            if self.poison:
                producers[0]["poison"] = {"every": self.poison}
        if self.producer is not None:
            words = "--brokers {brokers} --topic {topic} --ack-log {ack_log} --rec-prefix {rec_prefix} --name {name} "
            producers.append({"name": "shop", "kind": "process", "command": command("producer", words + self.producer),
                              "env": env})
        duration = self.duration or ("2500ms" if self.fault or self.producer is not None else "1500ms")
        scenario = {"name": "subjects", "broker": {"partitions": 2}, "servers": servers, "clients": clients,
                    "producers": producers,
                    "phases": [{"name": "steady", "duration": duration, "rate": self.rate if self.load else "0/s"}],
                    "drain": {"timeout": self.drain}, "probe": {"interval": f"{self.probe_ms}ms"}}
        if self.fault:
            kind, target, *rest = self.fault
            scenario["faults"] = [{"name": "fault", "type": kind, "target": target, "at": "steady+1s",
                                   **(rest[0] if rest else {})}]
        if self.relaxed:
            scenario["expect"] = {"relaxed": [{"invariant": name, "reason": "a test of what is left"}
                                              for name in self.relaxed]}
        return scenario


KILL = ("process.kill", "server-1", {"restart_after": "200ms"})
TERMINATE = ("process.terminate", "server-1", {"restart_after": "200ms"})

BOTH = {"ours": OURS, "theirs": "--resume token"}  # two different programs
PLAIN = {"ours": OURS, "theirs": ""}
ALL = "server wire client"


def sound():
    yield Case("sound-plain", server="", clients=PLAIN, resume="none")
    yield Case("sound-plain-kill", server="", clients=PLAIN, resume="none", fault=KILL)
    yield Case("sound-plain-default-resume", server="", clients={"ours": OURS}, fault=KILL)
    yield Case("sound-plain-health", server="--health", clients=PLAIN, resume="none", fault=KILL)
    yield Case("sound-positions", server="--positions --health", clients=BOTH)
    yield Case("sound-positions-kill", server="--positions --health", clients=BOTH, fault=KILL)
    yield Case("sound-positions-no-health-terminate", server="--positions", clients=BOTH, fault=TERMINATE)
    yield Case("sound-two-servers", server="--positions --health", servers=2, clients=BOTH, fault=KILL)
    yield Case("sound-two-plain-servers", server="", servers=2, clients=PLAIN, resume="none", fault=KILL)
    yield Case("sound-bad-records", server="--positions --health", clients=BOTH, poison=5)
    yield Case("sound-filters", server="--positions --health", clients={"ours": OURS, "theirs": "--resume token --provider 1"},
               client_json={"ours": {"filter": {"status": "completed"}}, "theirs": {"filter": {"provider": "stripe"}}})
    yield Case("sound-client", clients={"reference": OURS, "theirs": "--resume token"}, fault=KILL)
    yield Case("sound-client-kill", clients={"reference": OURS, "theirs": "--resume token"},
               fault=("process.kill", "theirs", {"restart_after": "200ms"}))
    yield Case("sound-plain-client-kill", clients={"reference": OURS, "theirs": ""}, resume="none",
               fault=("process.kill", "theirs", {"restart_after": "200ms"}))
    yield Case("sound-no-connections", clients={"theirs": "--bug no-connections"}, resume="none")
    yield Case("sound-no-kind", clients={"theirs": "--resume token --bug no-kind"})
    yield Case("sound-double", clients={"theirs": "--resume token --double"})
    yield Case("sound-resume-behind", clients={"theirs": "--resume token --bug resume-behind-drops"}, fault=KILL)
    yield Case("sound-producer", producer="--rate 60")
    yield Case("sound-producer-alone", producer="--rate 100", load=False)
    yield Case("sound-producer-kill", producer="--rate 60", fault=("process.kill", "shop", {"restart_after": "200ms"}))
    yield Case("sound-producer-no-start", producer="--rate 60 --bug no-start")
    yield Case("sound-producer-bad-record", producer="--rate 60 --bug bad-record")
    yield Case("sound-all-python", server="--positions --health", clients={"theirs": "--resume token"}, producer="--rate 60",
               fault=KILL)
    yield Case("sound-shell", server="--positions", shell=["sh", "-c", '"$@"; exit $?', "sh"], clients=BOTH, fault=KILL)
    yield Case("sound-setsid", server="--positions", shell=["setsid", "--wait"], clients=BOTH, fault=KILL)
    yield Case("sound-shell-pause", server="--positions", shell=["sh", "-c", '"$@"; exit $?', "sh"], clients=BOTH,
               fault=("process.pause", "server-1", {"duration": "500ms"}))
    yield Case("sound-supervised", server="--positions", shell=["sh", "-c", 'while :; do "$@" || sleep 0.1; done', "sh"],
               clients=BOTH)
    yield Case("sound-loads-slowly", server="--positions --bug loads-slowly", clients=BOTH, fault=KILL)
    yield Case("sound-health-not-found", server="--positions --health --bug health-not-found", clients=BOTH, fault=KILL)
    yield Case("sound-health-unauthenticated", server="--positions --health --bug health-unauthenticated", clients=BOTH)
    yield Case("sound-chatty", server="--positions --health --bug chatty", clients=BOTH)
    yield Case("sound-ignores-tokens", clients={"theirs": ""}, fault=KILL)
    yield Case("sound-ignores-tokens-kill", clients={"theirs": ""}, fault=THEIRS_KILL)
    yield Case("sound-no-ends", clients={"theirs": "--resume token --bug no-ends"}, fault=KILL)
    yield Case("sound-crlf", clients={"theirs": "--resume token --bug crlf"}, fault=KILL)
    yield Case("sound-jumping-numbers", clients={"theirs": "--resume token --bug jumping-numbers"}, fault=KILL)
    yield Case("sound-same-number", clients={"theirs": "--resume token --bug same-number"}, fault=KILL)
    yield Case("sound-no-sent", clients={"theirs": "--resume token --bug no-sent"}, fault=KILL)
    yield Case("sound-delay", server="--positions --health --bug delay", clients=BOTH, fault=KILL)
    yield Case("sound-hang-up", server="--positions --health --bug hang-up", clients=BOTH)
    yield Case("sound-plain-hang-up", server="--bug hang-up", clients=PLAIN, resume="none", rate="40/s")
    yield Case("sound-start-once", server="--positions --health --bug start-once", clients=BOTH, fault=KILL)
    yield Case("sound-producer-no-rec", producer="--rate 60 --bug no-rec")
    yield Case("sound-producer-unflushed", producer="--rate 60 --bug unflushed")
    yield Case("sound-group", server="--positions --health --group {name}", clients=BOTH, fault=TERMINATE)
    # The dead member keeps its partitions until its session times out.
    yield Case("sound-group-kill", server="--positions --health --group {name}", clients=BOTH, fault=KILL, drain="60s")



SERVER = "server"
CLIENT = "client"
PRODUCER = "producer"
WIRE = "server wire client"  # what one client's log can't tell apart
BOTH_SEE = SERVER  # two programs that show the same exclude the wire and themselves
EACH_SEES = [BOTH_SEE, WIRE]  # the record at each one's token, and the two had not come equally far
ASSENT = ["producer", "producer broker"]

THEIRS_KILL = ("process.kill", "theirs", {"restart_after": "200ms"})


def server_bugs():
    """The server is wrong; both clients, which are different programs, are right."""
    def case(bug, violated, also=None, name="", **more):
        return Case("server-" + (name or bug.split(":")[0]), FAIL, violated, also or {},
                    **{"clients": BOTH, "server": f"--positions --health --bug {bug}", **more})

    yield case("lose", {"LOST": BOTH_SEE})
    yield case("lose", {"LOST": WIRE}, name="lose-one-client", clients={"reference": OURS})
    yield case("lose", {"LOST": WIRE}, name="lose-twins", clients={"one": OURS, "two": OURS})
    yield case("lose-once", {"LOST": WIRE})
    yield case("repeat", {"DUP": BOTH_SEE})
    yield case("swap", {"ORDER": BOTH_SEE}, {"LOST": None, "SKIP": None})
    yield case("freeze", {"LIVE": [SERVER, WIRE]}, {"LOST": BOTH_SEE}, drain="4s")
    yield case("freeze-partition", {"LIVE": [SERVER, WIRE]}, {"LOST": BOTH_SEE}, drain="4s")
    yield case("invent", {"PHANTOM": BOTH_SEE}, {"LOST": None, "SKIP": None, "ORDER": None, "LIVE": None}, drain="4s")
    # Without its members it stands at partition 0 offset 0, which had come.
    yield case("invent-nameless", {"DUP": [BOTH_SEE, WIRE]})
    yield case("change-double", {"AGREE": [SERVER, WIRE]})  # of which one of the clients tells nothing
    for field in ("amount", "currency", "status", "provider", "email", "created", "processed", "id", "metadata"):
        yield case("change-" + field, {"AGREE": BOTH_SEE})
    yield case("cents", {"AGREE": BOTH_SEE}, rate="100/s")
    yield case("change-content", {"AGREE": BOTH_SEE})
    yield case("strip-metadata", {"AGREE": BOTH_SEE})
    yield case("strip-one", {"AGREE": BOTH_SEE})
    yield case("kind-new", {"AGREE": [SERVER, WIRE]})
    yield case("kind-word", {"WELL_FORMED": WIRE}, {"AGREE": None, "LOST": None})
    yield case("kind-seventh", {"AGREE": [SERVER, WIRE]}, {"DUP": CLIENT, "LOST": CLIENT}, fault=THEIRS_KILL,
               clients={"ours": OURS, "theirs": "--resume token --bug forget-log"})
    yield case("wrong-offset", {"AGREE": BOTH_SEE}, {"PHANTOM": None, "LOST": None, "LIVE": None, "SKIP": None,
                                                   "UNARY_AGREE": None})
    yield case("wrong-checksum", {"AGREE": BOTH_SEE})
    yield case("empty-event", {"LOST": BOTH_SEE}, {"WELL_FORMED": WIRE, "AGREE": None, "BOOKMARK": None})
    filters = {"ours": {"filter": {"provider": "stripe"}}, "theirs": {"filter": {"provider": "stripe"}}}
    yield case("ignore-filter", {"PHANTOM": BOTH_SEE}, clients={"ours": OURS, "theirs": "--resume token --provider 1"},
               client_json=filters)
    yield case("merge", {"LOST": BOTH_SEE})
    yield case("resume-skip", {"RESUME": EACH_SEES}, {"LOST": EACH_SEES}, fault=KILL)
    yield case("resume-live", {"RESUME": EACH_SEES}, {"LOST": EACH_SEES}, fault=KILL, duration="5s")
    for zero in ("resume-zero", "resume-zero-silent", "resume-partition"):
        yield case(zero, {"RESUME" if zero == "resume-zero" else "DUP": EACH_SEES}, {"DUP": EACH_SEES, "RESUME": EACH_SEES},
                   fault=KILL)
    yield case("snapshot-empty", {"LOST": [WIRE, CLIENT]}, fault=THEIRS_KILL,
               clients={"ours": OURS, "theirs": "--resume token --bug forget-log"}, also={"DUP": CLIENT})
    yield case("resume-repeat", {"DUP": EACH_SEES}, fault=KILL)
    yield case("start-beyond", {"LOST": SERVER}, {"RESUME": SERVER})
    yield case("snapshot-beyond", {"LOST": SERVER}, {"AGREE": None, "RESUME": None})
    for refusal in ("range", "log", "argument"):
        yield case("refuse-" + refusal, {"RESUME": BOTH_SEE}, {"LIVE": None, "LOST": None}, fault=KILL, drain="4s")
    yield case("refuse-permission", {"LIVE": [SERVER, WIRE]}, {"RESUME": None, "LOST": None}, fault=KILL, drain="4s")
    yield case("new-log-id", {"RESUME": BOTH_SEE}, {"LIVE": None, "LOST": None}, fault=KILL, drain="4s")
    yield case("start-at-end", {"LOST": BOTH_SEE}, {"UNARY_AGREE": SERVER, "LIVE": None, "RESUME": BOTH_SEE}, fault=KILL)
    yield case("stop-at-bad", {"LIVE": [SERVER, WIRE]}, {"LOST": BOTH_SEE, "UNARY_AGREE": SERVER}, poison=40, drain="4s")
    yield case("serve-bad", {"PHANTOM": BOTH_SEE}, {"UNARY_AGREE": SERVER}, poison=40)
    for unary in ("get-internal", "get-not-found", "get-stale", "get-double", "list-processed", "list-skip", "list-count", "list-endless"):
        yield case(unary, {"UNARY_AGREE": SERVER})
    yield case("snapshot-stale", {"UNARY_AGREE": SERVER})
    yield case("crash-on-terminate", {"LIVE": SERVER})
    yield case("fail-on-terminate", {"LIVE": SERVER})
    yield case("ignore-terminate", {"LIVE": SERVER})
    yield case("exit", {"LIVE": SERVER}, {"LOST": None, "UNARY_AGREE": None}, drain="2s")
    yield case("crash", {"LIVE": SERVER}, {"LOST": None, "UNARY_AGREE": None}, drain="2s")
    yield case("commit-first", {"UNARY_AGREE": SERVER}, {"LOST": EACH_SEES, "RESUME": EACH_SEES}, fault=TERMINATE,
               server="--positions --health --group {name} --bug commit-first")
    yield case("none", {"LIVE": [SERVER, WIRE]}, {"LOST": BOTH_SEE, "UNARY_AGREE": SERVER}, name="one-group", servers=2, drain="12s",
               server="--positions --health --group together")


def plain_server_bugs():
    """The same without positions, at clients that ask for everything again."""
    def case(bug, violated, also=None, **more):
        return Case("plain-" + bug.split(":")[0], FAIL, violated, also or {},
                    **{"clients": PLAIN, "resume": "none", "server": f"--bug {bug}", **more})

    yield case("lose", {"LOST": BOTH_SEE})
    yield case("lose-once", {"LOST": WIRE})
    yield case("repeat", {"DUP": BOTH_SEE})
    yield case("swap", {"ORDER": BOTH_SEE}, {"SKIP": None, "LOST": None})
    yield case("freeze", {"LIVE": [SERVER, WIRE]}, {"LOST": BOTH_SEE}, drain="4s")
    yield case("invent", {"PHANTOM": BOTH_SEE})
    yield case("invent-nameless", {"PHANTOM": BOTH_SEE})
    yield case("change-amount", {"AGREE": BOTH_SEE})
    yield case("change-double", {"AGREE": [SERVER, WIRE]})
    yield case("change-id", {"AGREE": BOTH_SEE})
    yield case("strip-one", {"AGREE": BOTH_SEE}, {"LOST": None, "PHANTOM": None})
    yield case("strip-metadata", {"AGREE": BOTH_SEE}, {"LIVE": None, "LOST": None, "PHANTOM": None}, drain="4s")
    yield case("merge", {"LOST": BOTH_SEE})
    # Which records a snapshot has depends on when its client comes back; it may have the closing ones too.
    yield case("snapshot-lose", {"LOST": [SERVER, WIRE]}, {"LIVE": None}, fault=KILL, drain="6s")
    yield case("snapshot-none", {"LOST": [SERVER, WIRE]}, {"LIVE": None}, fault=KILL, drain="6s")
    yield case("snapshot-stale", {"LOST": [SERVER, WIRE]}, {"UNARY_AGREE": SERVER, "LIVE": None}, fault=KILL, drain="6s")
    yield case("start-at-end", {"LOST": [SERVER, WIRE]}, {"LIVE": None, "UNARY_AGREE": SERVER}, fault=KILL, drain="6s")
    yield case("empty-event", {"LOST": BOTH_SEE}, {"WELL_FORMED": WIRE, "AGREE": None, "PHANTOM": None})


def client_bugs():
    """A foreign client is wrong beside ours, which is right; our server."""
    def case(bug, violated, also=None, name="", **more):
        words = f"--resume token --bug {bug}"
        return Case("client-" + (name or bug.split(":")[0].split()[0]), FAIL, violated, also or {},
                    **{"clients": {"reference": OURS, "theirs": words}, **more})

    yield case("lose", {"LOST": WIRE})
    yield case("lose-every", {"LOST": WIRE})
    yield case("repeat", {"DUP": [CLIENT, WIRE]})
    yield case("swap", {"ORDER": WIRE}, {"SKIP": None})
    yield case("freeze", {"LIVE": WIRE}, {"LOST": WIRE}, drain="4s")
    yield case("stall", {"LIVE": WIRE}, {"LOST": WIRE}, drain="4s")
    yield case("invent", {"PHANTOM": WIRE}, {"ORDER": None, "LIVE": None, "LOST": None, "SKIP": None}, drain="4s")
    yield case("change-amount", {"AGREE": WIRE})
    yield case("change-email", {"AGREE": WIRE})
    yield case("strip-one", {"AGREE": WIRE})
    yield case("strip-metadata", {"AGREE": WIRE})
    for impossible in ("empty-id", "huge-amount", "big-offsets", "positions-as-texts", "prefixed-names"):
        yield case(impossible, {"WELL_FORMED": WIRE}, {"LOST": None, "LIVE": None, "PHANTOM": None, "SKIP": None})
    for times in ("epoch-times", "millisecond-times", "future-times", "backward-times", "text-times"):
        yield case(times, {"WELL_FORMED": CLIENT}, {"LOST": None, "LIVE": None, "BACKOFF": None})
    # What that line was, nobody knows.
    yield Case("client-garbage", INVALID, clients={"reference": OURS, "theirs": "--resume token --bug garbage"},
               says=("Suspected: client or harness",))
    yield Case("client-rotate", PASS, clients={"reference": OURS, "theirs": "--resume token --bug rotate"})
    yield case("silent", {"LIVE": [CLIENT, WIRE]}, drain="4s")
    yield case("resume-behind", {"DUP": CLIENT}, fault=KILL)
    yield case("resume-ahead", {"LOST": CLIENT}, {"RESUME": None}, fault=KILL)
    yield case("false-token", {"LOST": WIRE}, {"RESUME": None})
    yield case("false-sent", {"LOST": CLIENT}, {"RESUME": [CLIENT, WIRE]}, fault=KILL)
    yield case("resume-never", {"DUP": CLIENT}, {"RESUME": None, "LOST": CLIENT}, fault=KILL)
    yield case("forget-log", {"DUP": CLIENT}, {"LOST": CLIENT}, fault=THEIRS_KILL)
    yield case("storm", {"BACKOFF": CLIENT}, {"LIVE": None, "LOST": None}, fault=("process.kill", "server-1", {"restart_after": "900ms"}))
    yield case("give-up", {"LIVE": CLIENT}, {"LOST": None}, fault=KILL, drain="4s")
    yield case("ignore-terminate", {"LIVE": CLIENT})
    yield case("fail-on-terminate", {"LIVE": CLIENT})
    yield case("lose", {"LOST": WIRE}, name="plain-lose", clients={"reference": OURS, "theirs": "--bug lose"}, resume="none")
    yield case("repeat", {"DUP": WIRE}, name="plain-repeat", clients={"reference": OURS, "theirs": "--bug repeat"},
               resume="none")
    yield case("lose", {"LOST": WIRE}, name="lose-twins",
               clients={"one": "--resume token --bug lose", "two": "--resume token --bug lose"})
    yield case("none", {"LOST": WIRE}, {"LIVE": None, "SKIP": WIRE}, name="asks-too-little", drain="4s",
               clients={"reference": OURS, "theirs": "--resume token --provider 1"})
    yield case("none", {"PHANTOM": WIRE}, name="asks-too-much", client_json={"theirs": {"filter": {"provider": "stripe"}}})


def producer_bugs():
    """A foreign producer is wrong beside the embedded one."""
    def case(bug, violated, also=None, **more):
        return Case("producer-" + bug.split(":")[0], FAIL, violated, also or {},
                    **{"producer": f"--rate 60 --bug {bug}", **more})

    yield case("false-ack", {"ACK_DURABLE": ASSENT})
    yield case("false-ack-nowhere", {"ACK_DURABLE": ASSENT})
    yield case("truncate", {"ACK_DURABLE": ASSENT}, {"PHANTOM": ASSENT})
    yield case("truncate-all", {"ACK_DURABLE": ASSENT}, {"PHANTOM": ASSENT})
    yield case("another", {"PHANTOM": ASSENT}, {"ACK_DURABLE": ASSENT})
    yield case("twice", {"LOG_DUP": ASSENT})
    yield case("unsaid", {"PHANTOM": ASSENT})
    yield case("unsaid-nameless", {"PHANTOM": ["broker", "producer broker"]})
    yield case("late", {"SEND_ORDER": ASSENT})
    yield case("says-fail", {"PHANTOM": ASSENT})
    yield case("wrong-offset", {"ACK_DURABLE": ASSENT})
    yield case("other-key", {"PHANTOM": ASSENT}, {"ACK_DURABLE": ASSENT})
    yield case("no-key", {"PHANTOM": ASSENT}, {"ACK_DURABLE": ASSENT})
    yield case("other-rec", {"PHANTOM": ASSENT}, {"ACK_DURABLE": ASSENT})
    yield case("same-rec", {"PHANTOM": ASSENT}, {"ACK_DURABLE": ASSENT, "LOG_DUP": ASSENT})
    yield case("no-outcomes", {"ACKED": ASSENT})
    yield case("refuses-most", {"ACKED": ASSENT}, load=False)
    yield case("nothing", {"ACKED": ASSENT}, load=False)
    yield case("crash", {"LIVE": PRODUCER}, {"ACKED": ASSENT})
    # Its `t` says that it sent a record after it had been told the outcome.
    yield case("sends-last", {"WELL_FORMED": PRODUCER})
    for lines in ("epoch-times", "sequence-zero", "same-sequence", "value-object"):
        yield case(lines, {"WELL_FORMED": PRODUCER}, {"PHANTOM": None, "ACK_DURABLE": None, "ACKED": None})


# What is judged wrongly today, and how: reason -> names of cases.
PENDING = {}

CASES = [*sound(), *server_bugs(), *plain_server_bugs(), *client_bugs(), *producer_bugs()]
_names = {case.name for case in CASES}
for _reason, _cases in PENDING.items():
    for _name in _cases.split():
        assert _name in _names, f"no such case: {_name}"
        next(case for case in CASES if case.name == _name).pending = _reason
assert len(_names) == len(CASES), "two cases have one name"
