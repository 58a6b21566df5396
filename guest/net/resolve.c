// getaddrinfo(3) of the shared C library without names to look up: numbers, wildcards, AI_ADDRCONFIG, which asks for the
// machine's addresses; and getnameinfo(3).
// libc: shared
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void look(const char *node, const char *service, int family, int type, int flags) {
  struct addrinfo hints = {.ai_family = family, .ai_socktype = type, .ai_flags = flags | AI_NUMERICSERV}, *res = NULL;
  int e = getaddrinfo(node, service, &hints, &res);
  printf("%s %s: %s\n", node ? node : "-", service ? service : "-", e ? gai_strerror(e) : "found");
  for (struct addrinfo *i = res; i; i = i->ai_next) {
    char host[64] = "", port[16] = "";
    getnameinfo(i->ai_addr, i->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    printf("  family %d type %d protocol %d length %u: %s port %s\n", i->ai_family, i->ai_socktype, i->ai_protocol, i->ai_addrlen, host, port);
  }
  if (res) freeaddrinfo(res);
}

int main(void) {
  look("127.0.0.1", "80", AF_UNSPEC, 0, AI_NUMERICHOST | AI_ADDRCONFIG);
  look("::1", "443", AF_UNSPEC, SOCK_STREAM, AI_NUMERICHOST | AI_ADDRCONFIG);
  look("127.0.0.1", "53", AF_INET6, SOCK_DGRAM, AI_NUMERICHOST | AI_V4MAPPED);
  look(NULL, "8080", AF_INET, SOCK_STREAM, AI_PASSIVE);
  look(NULL, "8080", AF_INET6, SOCK_STREAM, 0);
  look("::1", "1", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
  look("not a number", "1", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
  return 0;
}
