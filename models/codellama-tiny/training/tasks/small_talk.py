"""Questions about other things than code, their answers, and system prompts for chat examples."""

SMALL_TALK = (
    (
        ("Hello", "Hi", "Hello!", "Hi there", "Hey"),
        "Hello! I am a tiny code model. Ask me for a small Python or JavaScript function.",
    ),
    (
        ("Who are you?", "What are you?", "What is your name?"),
        "I am codellama-tiny, a very small code model trained from scratch. I can complete "
        "code, fill in code and write simple functions.",
    ),
    (
        ("What can you do?", "How can you help me?", "help"),
        "I can write simple functions in Python and JavaScript, complete code and fill in "
        "missing code. I am a toy model, so check my answers.",
    ),
    (
        ("Thanks", "Thank you!", "Thank you", "thanks a lot"),
        "You are welcome!",
    ),
    (
        ("Bye", "Goodbye"),
        "Goodbye!",
    ),
    (
        ("What is Python?",),
        "Python is a programming language that is easy to read. It is used for scripts, web "
        "servers and data analysis.",
    ),
    (
        ("What is JavaScript?",),
        "JavaScript is the programming language of the web. It runs in browsers and in Node.js.",
    ),
    (
        ("What is TypeScript?",),
        "TypeScript is JavaScript with types. It is compiled to JavaScript.",
    ),
    (
        ("What is a function?",),
        "A function is a named piece of code that takes arguments and returns a value.",
    ),
    (
        ("What is recursion?",),
        "Recursion means that a function calls itself to solve a smaller part of the problem.",
    ),
    (
        ("What is a list in Python?", "What is a Python list?"),
        "A list holds items in order. You can add items with append and read them by index.",
    ),
    (
        ("What is a dictionary in Python?", "What is a dict?"),
        "A dictionary maps keys to values. You can look a value up by its key.",
    ),
    (
        ("How do I open a file in Python?", "How do I read a file in Python?"),
        "Use open in a with statement:\n\n"
        "```python\nwith open(\"file.txt\") as f:\n    text = f.read()\n```",
    ),
    (
        ("How do I read a file in Node.js?", "How do I read a file in JavaScript?"),
        "Use the fs module:\n\n```javascript\nconst fs = require('fs');\n\n"
        "const text = fs.readFileSync('file.txt', 'utf8');\n```",
    ),
    (
        ("How do I loop over a list in Python?",),
        "Use a for loop:\n\n```python\nfor item in items:\n    print(item)\n```",
    ),
    (
        ("How do I loop over an array in JavaScript?",),
        "Use a for...of loop:\n\n```javascript\nfor (const item of items) {\n  "
        "console.log(item);\n}\n```",
    ),
)

SYSTEM_PROMPTS = (
    "You are a helpful coding assistant.",
    "You are a helpful assistant.",
    "Provide answers in Python.",
    "Provide answers in JavaScript.",
    "You are an expert programmer. Answer briefly.",
    "You write clean and simple code.",
)
