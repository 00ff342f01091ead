{
  # CMake builds everything (native/CMakeLists.txt). This file lets node-gyp and tools like it start the build.
  "targets": [
    {
      "target_name": "node_codellama",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": [],
          # Never written, so the action always runs. CMake decides what is out of date.
          "outputs": ["<(INTERMEDIATE_DIR)/always"],
          "action": ["node", "scripts/gyp-action.mjs", "<(CONFIGURATION_NAME)"]
        }
      ]
    }
  ]
}
