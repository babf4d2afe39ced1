#pragma once
// The first packet of a connection, which has no type byte.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pgwire/backend.h"

namespace luma {

inline constexpr uint32_t kProtocolVersion3 = 3 << 16;
inline constexpr uint32_t kCancelRequestCode = 80877102;
inline constexpr uint32_t kSslRequestCode = 80877103;
inline constexpr uint32_t kGssEncRequestCode = 80877104;
inline constexpr size_t kMaxStartupPacketBytes = 10000;

struct StartupPacket {
  StartupParameters parameters;
  bool negotiate = false;                    // the client wants a newer minor or _pq_ options
  std::vector<std::string> unknown_options;  // _pq_.* names
};

// `version` is the packet's first word, `body` what follows it. Throws FATAL 08P01, 0A000, 28000.
StartupPacket parse_startup_packet(uint32_t version, std::string_view body);

// NegotiateProtocolVersion.
void append_negotiate_protocol_version(std::string& output,
                                       const std::vector<std::string>& unknown_options);

}  // namespace luma
