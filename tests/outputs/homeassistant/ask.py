"""Asks a running Home Assistant over its websocket; run by the Python of Home Assistant's own environment.

usage: ask.py URL TOKEN < commands (a JSON list of objects without "id"); prints the list of their results.
"""
import asyncio
import json
import sys

import aiohttp


async def main() -> None:
    commands = json.load(sys.stdin)
    async with aiohttp.ClientSession() as session, session.ws_connect(sys.argv[1] + "/api/websocket") as socket:
        assert (await socket.receive_json())["type"] == "auth_required"
        await socket.send_json({"type": "auth", "access_token": sys.argv[2]})
        answer = await socket.receive_json()
        assert answer["type"] == "auth_ok", answer
        results = []
        for number, command in enumerate(commands, 1):
            await socket.send_json({"id": number, **command})
            answer = await socket.receive_json()
            assert answer["id"] == number and answer["success"], answer
            results.append(answer["result"])
        print(json.dumps(results))


asyncio.run(main())
