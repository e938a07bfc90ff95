#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""relay.py ADDRESS PORT TO-ADDRESS TO-PORT: passes connections on, byte by byte."""
import asyncio
import contextlib
import sys


async def pump(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
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
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(passed, address, int(port))
    await server.serve_forever()


asyncio.run(main())
