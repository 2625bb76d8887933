"""Language models in UniTTS's layout (arXiv 2505.17426): a Qwen2 whose vocabulary holds audio codes, and a codec."""
