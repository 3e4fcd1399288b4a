/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's filter of encrypted.h: a TCP segment with SYN and without ACK, or a client's first
 * packets of a QUIC connection, to port 853, or to port 443 of a public resolver.  Behind at most
 * one tag beside the one that the kernel has taken out; what is in tunnels and behind extension
 * headers is not counted.
 */
#ifndef WILDSET_SNIFFER_FILTER_ENCRYPTEDFILTER_H
#define WILDSET_SNIFFER_FILTER_ENCRYPTEDFILTER_H

#include "sniffer/filter/filtercode.h"

/* For a packet socket of type SOCK_DGRAM.  False when it is too long.  `code` is working space. */
bool encryptedfilter_build(struct filtercode *code, struct filter_program *out);

#endif
