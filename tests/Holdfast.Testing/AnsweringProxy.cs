using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Testing;

/// <summary>
/// Stands before a server of HTTP/1.1, and answers the first request of each of its first connections itself; all later
/// connections are passed on.
/// </summary>
public sealed class AnsweringProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private readonly string _answer;
    private int _left;

    /// <param name="server">The port of the server.</param>
    /// <param name="connections">How many are answered.</param>
    /// <param name="status">"503 Slow Down".</param>
    /// <param name="body">The body of the answer.</param>
    public AnsweringProxy(int server, int connections, string status, string body)
    {
        (_server, _left) = (server, connections);
        var length = Encoding.UTF8.GetByteCount(body);
        _answer = $"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}";
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The heads of the first requests of all connections.</summary>
    public ConcurrentQueue<string> Heads { get; } = new();

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
                var head = await ReadHeadAsync(client.GetStream());
                if (Interlocked.Decrement(ref _left) >= 0)
                {
                    await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(_answer));
                    client.Client.Shutdown(SocketShutdown.Send);
                    // A body that is under way must not reset the connection.
                    await client.GetStream().CopyToAsync(Stream.Null);
                    return;
                }
                await server.ConnectAsync(IPAddress.Loopback, _server);
                await server.GetStream().WriteAsync(head);
                var (left, right) = (client.GetStream(), server.GetStream());
                await Task.WhenAny(left.CopyToAsync(right), right.CopyToAsync(left));
            }
            catch (Exception cut) when (cut is IOException or SocketException)
            {
                return;
            }
        }
    }

    private async Task<byte[]> ReadHeadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!IsWhole(head) && await stream.ReadAsync(one) > 0) head.Add(one[0]);
        Heads.Enqueue(Encoding.ASCII.GetString([.. head]));
        return [.. head];

        static bool IsWhole(List<byte> head) => head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'];
    }
}
