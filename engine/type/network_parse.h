#pragma once
// Text of network addresses.
#include <string_view>

#include "engine/type/network.h"

namespace luma {

// Reads "192.168.1.5/24", "2001:db8::1/64", for cidr also "10.1" and "0xA0". False when malformed.
// A cidr's mask defaults to its class and octets; its host bits are not looked at.
bool parse_network_address(std::string_view text, bool is_cidr, NetworkAddress& address);

}  // namespace luma
