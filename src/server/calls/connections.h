// Breaks connections that gRPC can't end by itself: while a peer takes no byte (its process is stopped, its buffers are
// full) a write is pending, and neither the cancellation of a call nor the end of the server gets past it. Called by
// PaymentServer at shutdown.
#pragma once

namespace pipeline {

// Shuts down every connection of this process that was accepted on `port`: what is pending on it fails. Who owns the
// sockets closes them. Returns how many there were. Thread-safe.
int BreakConnections(int port);

}  // namespace pipeline
