#pragma once
// Opens the sockets that `listen`, `port` and `socket_dir` ask for.
#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "pgwire/backend.h"
#include "server/configuration.h"

namespace luma {

using Acceptor =
    asio::basic_socket_acceptor<asio::generic::stream_protocol, asio::io_context::executor_type>;

struct Listeners {
  std::vector<Acceptor> acceptors;
  uint16_t port = 0;        // in use, when there is a TCP listener
  std::string socket_path;  // to be unlinked at the end; empty: none
  std::string description;  // for the log
};

// Throws SqlError (55006 in use, F0000 otherwise) with one sentence.
Listeners open_listeners(const Configuration& configuration, asio::io_context& loop);
// The addresses of `listen`, split; "*" stays as it is.
std::vector<std::string> listen_addresses(const Configuration& configuration);
// Fills in where the client of an accepted socket is.
ClientInfo client_of(int socket_descriptor);

}  // namespace luma
