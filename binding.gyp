{
  # CMake builds everything: see native/CMakeLists.txt. This lets node-gyp's relatives start it.
  "targets": [
    {
      "target_name": "node_codellama",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": [],
          # Never written, so the action always runs; CMake knows what is out of date.
          "outputs": ["<(INTERMEDIATE_DIR)/always"],
          "action": ["node", "scripts/gyp-action.mjs", "<(CONFIGURATION_NAME)"]
        }
      ]
    }
  ]
}
