#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""relay.py ADDRESS PORT TO-ADDRESS TO-PORT: passes connections on, byte by byte.

A caller who has gone takes with him what of his has not arrived: a request must not come out of a mended cable long
after it was given up.
"""
import asyncio
import contextlib
import socket
import struct
import sys


async def pump(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def ask(reader, writer):
    await pump(reader, writer)
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def answer(reader, writer):
    await pump(reader, writer)
    with contextlib.suppress(OSError):
        writer.close()


async def main():
    address, port, to_address, to_port = sys.argv[1:5]

    async def passed(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(to_address, int(to_port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(ask(reader, far_writer), answer(far_reader, writer))

    server = await asyncio.start_server(passed, address, int(port))
    await server.serve_forever()


asyncio.run(main())
