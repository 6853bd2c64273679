"""What the product knows: GenAIPro, drafts, generations, photos, delivery, status, texts, storage."""
