# Writes a module as C, and its digest as text next to it: cmake -DMODULE=<file> -DOUTPUT=<file> -DDIGEST=<file> -P embed.cmake.
# See include/metalraft/module.h.

file(SHA256 ${MODULE} digest)
file(WRITE ${DIGEST} "${digest}\n")
file(READ ${MODULE} bytes HEX)
string(REPEAT "." 64 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(..)" "0x\\1," digest "${digest}")
file(WRITE ${OUTPUT} "/* Made from metalraft.wasm by cmake/embed.cmake. */
#include \"metalraft/module.h\"

const uint8_t metalraft_module[] = {
${bytes}};
const uint32_t metalraft_module_bytes = sizeof metalraft_module;
const uint8_t metalraft_module_sha256[32] = {${digest}};
")
