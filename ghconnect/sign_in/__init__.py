"""How people come in: what this console decides where django-allauth asks."""
