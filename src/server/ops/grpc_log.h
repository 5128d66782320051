// Sends what gRPC itself logs to the program's log. Called once from main(), before gRPC is used.
#pragma once

namespace pipeline {

void StartGrpcLog();

}  // namespace pipeline
