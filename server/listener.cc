#include "server/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

using Protocol = asio::generic::stream_protocol;
constexpr int kBacklog = 1024;

SqlError in_use(std::string text) { return {SqlState::kObjectInUse, std::move(text)}; }
SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

Acceptor open_one(asio::io_context& loop, const sockaddr* address, socklen_t length, bool ipv6,
                  asio::error_code& error) {
  Acceptor acceptor(loop);
  Protocol protocol(address->sa_family, 0);
  acceptor.open(protocol, error);
  if (error) return acceptor;
  int on = 1;
  if (address->sa_family != AF_UNIX) {
    setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (ipv6) setsockopt(acceptor.native_handle(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  acceptor.bind(Protocol::endpoint(address, length), error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) acceptor.non_blocking(true, error);
  return acceptor;
}

uint16_t bound_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  // The port stands at the same place in both families.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

void open_tcp(const std::string& name, Listeners& listeners, asio::io_context& loop) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::string service = std::to_string(listeners.port);
  int failed = getaddrinfo(name == "*" ? nullptr : name.c_str(), service.c_str(), &hints, &found);
  if (failed != 0) {
    throw config_error(fmt::format("could not find the address to listen on, \"{}\": {}", name,
                                   gai_strerror(failed)));
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  asio::error_code first_error;
  bool opened = false;
  for (addrinfo* at = found; at != nullptr; at = at->ai_next) {
    bool ipv6 = at->ai_family == AF_INET6;
    // With port 0 the second family takes the number that the first one was given.
    auto port_field = &reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_port;
    *port_field = htons(listeners.port);
    asio::error_code error;
    Acceptor acceptor = open_one(loop, at->ai_addr, at->ai_addrlen, ipv6, error);
    if (error == asio::error::address_in_use) {
      throw in_use(
          fmt::format("could not listen on \"{}\", port {}: the port is in use; is another "
                      "server running there?",
                      name, listeners.port));
    }
    if (error) {
      // A machine without IPv6 is no reason to stop, as long as something works.
      if (!first_error) first_error = error;
      continue;
    }
    opened = true;
    listeners.port = bound_port(acceptor.native_handle());
    listeners.acceptors.push_back(std::move(acceptor));
  }
  if (!opened) {
    throw config_error(fmt::format("could not listen on \"{}\", port {}: {}", name, listeners.port,
                                   first_error.message()));
  }
  listeners.description +=
      fmt::format("{}{}:{}", listeners.description.empty() ? "" : ", ", name, listeners.port);
}

bool somebody_answers(const sockaddr_un& address) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return true;
  bool answered =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  // Neither "nobody listens" nor "no such file": better not take it away from anybody.
  if (!answered) answered = errno != ECONNREFUSED && errno != ENOENT;
  close(descriptor);
  return answered;
}

void open_unix(const std::string& directory, Listeners& listeners, asio::io_context& loop) {
  std::string path = fmt::format("{}/.s.PGSQL.{}", directory, listeners.port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw config_error(fmt::format("the Unix socket's path \"{}\" is too long (at most {} bytes)",
                                   path, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (somebody_answers(address)) {
    throw in_use(
        fmt::format("could not listen on Unix socket \"{}\": it is in use; is another server "
                    "running on port {}?",
                    path, listeners.port));
  }
  unlink(path.c_str());  // left behind by a server that died
  asio::error_code error;
  Acceptor acceptor =
      open_one(loop, reinterpret_cast<const sockaddr*>(&address), sizeof address, false, error);
  if (error) {
    throw config_error(
        fmt::format("could not listen on Unix socket \"{}\": {}", path, error.message()));
  }
  chmod(path.c_str(), 0777);  // who may come in is decided by authentication
  listeners.socket_path = path;
  listeners.acceptors.push_back(std::move(acceptor));
  listeners.description += (listeners.description.empty() ? "" : ", ") + path;
}

}  // namespace

std::vector<std::string> listen_addresses(const Configuration& configuration) {
  std::vector<std::string> addresses;
  std::string word;
  for (char c : configuration.listen + ",") {
    if (c == ',') {
      if (!word.empty()) addresses.push_back(std::move(word));
      word.clear();
    } else if (c != ' ') {
      word += c;
    }
  }
  return addresses;
}

Listeners open_listeners(const Configuration& configuration, asio::io_context& loop) {
  Listeners listeners;
  listeners.port = static_cast<uint16_t>(configuration.port);
  for (const std::string& address : listen_addresses(configuration))
    open_tcp(address, listeners, loop);
  if (!configuration.socket_dir.empty()) open_unix(configuration.socket_dir, listeners, loop);
  return listeners;
}

namespace {

// False for addresses of a Unix socket.
bool read_address(const sockaddr_storage& address, std::string* text, int* port) {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &ipv4->sin_addr, buffer, sizeof buffer);
    *port = ntohs(ipv4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &ipv6->sin6_addr, buffer, sizeof buffer);
    *port = ntohs(ipv6->sin6_port);
  } else {
    return false;
  }
  *text = buffer;
  return true;
}

}  // namespace

ClientInfo client_of(int socket_descriptor) {
  ClientInfo client;
  client.started = std::chrono::system_clock::now();
  client.host_name = "[local]";
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(socket_descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return client;
  if (!read_address(address, &client.address, &client.port)) return client;
  client.host_name = client.address;
  length = sizeof address;
  if (getsockname(socket_descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    read_address(address, &client.server_address, &client.server_port);
  }
  return client;
}

}  // namespace luma
