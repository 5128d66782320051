// What a socket's address and its errors say. Called by whoever accepts or dials connections. Pure, thread-safe.
#pragma once

#include <sys/socket.h>

namespace pipeline {

// -1: of another family than IPv4 and IPv6.
int PortOf(const sockaddr_storage& address);

// This errno of accept(2) says that the process or the kernel has nothing left for one more connection: what waits can
// be taken later.
bool IsShortage(int error);

}  // namespace pipeline
