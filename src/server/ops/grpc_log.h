// Sends what gRPC and protobuf log by themselves to the program's log. Called once from main(), before gRPC is used.
#pragma once

namespace pipeline {

void StartGrpcLog();

}  // namespace pipeline
