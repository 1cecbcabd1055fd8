using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Testing;

/// <summary>
/// Stands before a PostgreSQL server, and sends other messages than it in its place. Source: PostgreSQL's manual, 55.7, "Message Formats".
/// </summary>
public sealed class FalsePostgres : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private readonly Func<FalseMessage, IEnumerable<byte[]>?> _instead;

    /// <param name="server">The port of the server.</param>
    /// <param name="instead">What is sent instead of a message of the server, maybe without an end; null passes it on.</param>
    public FalsePostgres(int server, Func<FalseMessage, IEnumerable<byte[]>?> instead)
    {
        (_server, _instead) = (server, instead);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A message of this type.</summary>
    public static byte[] Message(char type, params ReadOnlySpan<byte> body)
    {
        var message = new byte[body.Length + 5];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), body.Length + 4);
        body.CopyTo(message.AsSpan(5));
        return message;
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = PassAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception disposed) when (disposed is ObjectDisposedException or SocketException)
        {
            return;
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server);
                var asked = new StringBuilder();
                await Task.WhenAny(AskAsync(client.GetStream(), server.GetStream(), asked), AnswerAsync(server.GetStream(), client.GetStream(), asked));
            }
            catch (Exception over) when (over is SocketException or IOException)
            {
                return;
            }
        }
    }

    private static async Task AskAsync(NetworkStream client, NetworkStream server, StringBuilder asked)
    {
        var buffer = new byte[64 << 10];
        for (int read; (read = await client.ReadAsync(buffer)) > 0;)
        {
            lock (asked) asked.Append(Encoding.Latin1.GetString(buffer, 0, read));
            await server.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client, StringBuilder asked)
    {
        var head = new byte[5];
        while (await server.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) == head.Length)
        {
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4];
            await server.ReadExactlyAsync(body);
            string text;
            lock (asked) text = asked.ToString();
            foreach (var message in _instead(new FalseMessage((char)head[0], body, text)) ?? [Message((char)head[0], body)]) await client.WriteAsync(message);
        }
    }
}

/// <summary>A message of a server.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Body">Its bytes behind the length.</param>
/// <param name="Asked">All that the client has sent so far.</param>
public sealed record FalseMessage(char Type, byte[] Body, string Asked);
