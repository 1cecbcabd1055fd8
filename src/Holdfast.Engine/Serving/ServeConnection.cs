using System.Buffers.Binary;
using System.Net.Sockets;

namespace Holdfast.Engine.Serving;

/// <summary>A client's connection to the service, for one request.</summary>
public sealed class ServeConnection : IDisposable
{
    // SOL_SOCKET and SO_PEERCRED of Linux: process, user and group of the peer.
    private const int SocketLevel = 1, PeerCredentials = 17;

    private readonly Socket _socket;

    internal ServeConnection(Socket socket)
    {
        _socket = socket;
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        User = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
    }

    /// <summary>The user of the client, as the kernel reports it.</summary>
    public uint User { get; }

    /// <summary>The request's words; null when there is none.</summary>
    public async Task<IReadOnlyList<string>?> ReadAsync(CancellationToken cancellation)
    {
        var head = new byte[ServeFrame.Head];
        if (!await FillAsync(head, cancellation)) return null;
        var body = new byte[ServeFrame.Length(head)];
        return await FillAsync(body, cancellation) ? ServeFrame.Words(body) : null;
    }

    /// <summary>Sends an answer and the content that follows it.</summary>
    public async Task AnswerAsync(ServeAnswer answer, CancellationToken cancellation)
    {
        await SendAsync(answer.Encode(), cancellation);
        if (answer.Content is not { } content) return;
        var buffer = new byte[256 << 10];
        for (int count; (count = await content.ReadAsync(buffer, cancellation)) > 0;) await SendAsync(buffer.AsMemory(0, count), cancellation);
    }

    public void Dispose() => _socket.Dispose();

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty) bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, cancellation)..];
    }

    private async Task<bool> FillAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (!buffer.IsEmpty)
        {
            var count = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);
            if (count == 0) return false;
            buffer = buffer[count..];
        }
        return true;
    }
}
