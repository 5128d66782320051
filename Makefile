# Short names for ./run.sh, which installs what is missing and builds what is out of date.
.PHONY: help setup build proto server producer client harness test clean

COUNT ?= 10
SCENARIO ?= scenarios/restart.json

help:
	@./run.sh --help

setup build server client test clean:
	@./run.sh $@

producer:
	@./run.sh producer $(COUNT)

harness:
	@./run.sh harness run $(SCENARIO)

# The C++ code of proto/payment.proto, in build/release/proto/generated.
proto:
	@./run.sh build payment_grpc
