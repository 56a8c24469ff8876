/* The engine: WAMR on a pool, the module in it, its exports, and linear memory. */

#include "internal.h"

#include "sha256.h"

#include <stdio.h>
#include <string.h>
#include <wasm_export.h>

#define EXPORT_NAME(name, signature) #name,
static const char *const export_names[] = {METALRAFT_EXPORTS(EXPORT_NAME)};

const char *metalraft_core_interpreter(void) {
#if METALRAFT_INTERPRETER_FAST
  return "fast";
#else
  return "classic";
#endif
}

/* Starts the runtime on the pool. */
static int32_t start_runtime(metalraft_core *core, const metalraft_core_options *options) {
  RuntimeInitArgs arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.mem_alloc_type = Alloc_With_Pool;
  arguments.mem_alloc_option.pool.heap_buf = options->pool;
  arguments.mem_alloc_option.pool.heap_size = options->pool_bytes;
  if (!wasm_runtime_full_init(&arguments)) {
    return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, "the runtime does not start on its pool");
  }
  core->runtime_is_up = 1;
  /* What it has to say is in the error texts; a console may be the driver's own stream. */
  wasm_runtime_set_log_level(WASM_LOG_LEVEL_FATAL);
  if (!metalraft_register_imports()) {
    return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, "the pool has no room for the imports' names");
  }
  return METALRAFT_STATUS_OK;
}

static int32_t load_module(metalraft_core *core, const metalraft_core_options *options) {
  char text[METALRAFT_FAULT_DETAIL];
  LoadArgs arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.name = "";
#if METALRAFT_INTERPRETER_FAST
  /* The loader translates the code, copies what else it needs, and leaves the module's bytes alone. */
  uint8_t *bytes = (uint8_t *)(uintptr_t)options->module;
  arguments.wasm_binary_freeable = true;
#else
  /* The loader rewrites the bytes and runs from them. */
  uint8_t *bytes = wasm_runtime_malloc(options->module_bytes);
  if (bytes == NULL) return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, "the pool has no room for a copy");
  memcpy(bytes, options->module, options->module_bytes);
#endif
  core->module = wasm_runtime_load_ex(bytes, options->module_bytes, &arguments, text, sizeof text);
  return core->module == NULL ? metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, text) : METALRAFT_STATUS_OK;
}

static int32_t instantiate(metalraft_core *core, const metalraft_core_options *options) {
  char text[METALRAFT_FAULT_DETAIL];
  uint32_t stack = options->stack_bytes;
  core->instance = wasm_runtime_instantiate(core->module, stack, options->arena_bytes, text, sizeof text);
  if (core->instance == NULL) return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, text);
  core->environment = wasm_runtime_create_exec_env(core->instance, stack);
  if (core->environment == NULL) {
    return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, "the pool has no room for the interpreter's stack");
  }
  wasm_runtime_set_user_data(core->environment, core);
  uint64_t end = 0;
  core->memory = wasm_runtime_addr_app_to_native(core->instance, 0);
  if (!wasm_runtime_get_app_addr_range(core->instance, 0, NULL, &end)) {
    return metalraft_fault_raise(core, METALRAFT_FAULT_MODULE, 0, "the module has no memory");
  }
  core->memory_bytes = (uint32_t)end;
  return METALRAFT_STATUS_OK;
}

/* Asks for the ABI's version first: in a module of another one, anything else may be missing. */
static int32_t check_version(metalraft_core *core) {
  uint32_t words[1];
  char text[METALRAFT_FAULT_DETAIL];
  core->functions[METALRAFT_EXPORT_abiVersion] = wasm_runtime_lookup_function(core->instance, "abiVersion");
  if (core->functions[METALRAFT_EXPORT_abiVersion] == NULL) {
    return metalraft_fault_raise(core, METALRAFT_FAULT_ABI, 0, "it tells no version");
  }
  int32_t version = metalraft_call_export(core, 0, METALRAFT_EXPORT_abiVersion, words, 0);
  if (version == METALRAFT_FAULT) return version;
  if (version == METALRAFT_NODE_FORMAT_ABI_VERSION) return METALRAFT_STATUS_OK;
  snprintf(text, sizeof text, "version %ld, and not %ld", (long)version, (long)METALRAFT_NODE_FORMAT_ABI_VERSION);
  return metalraft_fault_raise(core, METALRAFT_FAULT_ABI, 0, text);
}

static int32_t find_exports(metalraft_core *core) {
  char text[METALRAFT_FAULT_DETAIL];
  for (int i = 0; i < METALRAFT_EXPORT_COUNT; i++) {
    core->functions[i] = wasm_runtime_lookup_function(core->instance, export_names[i]);
    if (core->functions[i] != NULL) continue;
    snprintf(text, sizeof text, "it has no export %s", export_names[i]);
    return metalraft_fault_raise(core, METALRAFT_FAULT_ABI, 0, text);
  }
  return METALRAFT_STATUS_OK;
}

static int32_t check_digest(metalraft_core *core, const metalraft_core_options *options) {
  mr_sha256 hash;
  mr_sha256_begin(&hash);
  mr_sha256_update(&hash, options->module, options->module_bytes);
  mr_sha256_finish(&hash, core->sha256);
  if (memcmp(core->sha256, options->sha256, METALRAFT_SHA256_BYTES) == 0) return METALRAFT_STATUS_OK;
  char expected[MR_SHA256_HEX];
  mr_sha256_hex(options->sha256, expected);
  return metalraft_fault_raise(core, METALRAFT_FAULT_DIGEST, 0, expected);
}

int32_t metalraft_core_open(metalraft_core *core, const metalraft_core_options *options) {
  memset(core, 0, sizeof *core);
  int32_t status = check_digest(core, options);
  if (status == METALRAFT_STATUS_OK) status = start_runtime(core, options);
  if (status == METALRAFT_STATUS_OK) status = load_module(core, options);
  if (status == METALRAFT_STATUS_OK) status = instantiate(core, options);
  if (status == METALRAFT_STATUS_OK) status = check_version(core);
  if (status == METALRAFT_STATUS_OK) status = find_exports(core);
  if (status == METALRAFT_STATUS_OK) {
    core->plan_address = metalraft_take_memory(core, METALRAFT_PLAN_SIZE);
    core->arena_bytes = options->arena_bytes;
    if (core->plan_address == 0) {
      status = metalraft_fault_raise_bytes(core, METALRAFT_FAULT_ARENA, 0, METALRAFT_PLAN_SIZE, options->arena_bytes);
    }
  }
  if (status != METALRAFT_STATUS_OK) metalraft_core_close(core);
  return status;
}

void metalraft_core_close(metalraft_core *core) {
  if (core->environment != NULL) wasm_runtime_destroy_exec_env(core->environment);
  if (core->instance != NULL) wasm_runtime_deinstantiate(core->instance);
  if (core->module != NULL) wasm_runtime_unload(core->module);
  if (core->runtime_is_up) wasm_runtime_destroy();
  core->environment = NULL;
  core->instance = NULL;
  core->module = NULL;
  core->runtime_is_up = 0;
}

int32_t metalraft_call_export(metalraft_core *core, uint32_t node, metalraft_export function, uint32_t *words,
                              uint32_t count) {
  if (wasm_runtime_call_wasm(core->environment, core->functions[function], count, words)) return (int32_t)words[0];
  char text[METALRAFT_FAULT_DETAIL];
  const char *trap = wasm_runtime_get_exception(core->instance);
  snprintf(text, sizeof text, "%s in %s", trap == NULL ? "trap" : trap, export_names[function]);
  wasm_runtime_clear_exception(core->instance);
  return metalraft_fault_raise(core, METALRAFT_FAULT_TRAP, node, text);
}

uint32_t metalraft_take_memory(metalraft_core *core, uint32_t bytes) {
  void *native = NULL;
  uint32_t address = (uint32_t)wasm_runtime_module_malloc(core->instance, bytes, &native);
  if (address == 0) wasm_runtime_clear_exception(core->instance);
  else memset(native, 0, bytes);
  return address;
}

void metalraft_give_memory(metalraft_core *core, uint32_t address) {
  wasm_runtime_module_free(core->instance, address);
}
