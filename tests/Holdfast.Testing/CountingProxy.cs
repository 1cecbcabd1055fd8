using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Testing;

/// <summary>Stands before a server of HTTP/1.1 and notes each request line that goes through.</summary>
public sealed class CountingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;

    /// <param name="server">The port of the server.</param>
    public CountingProxy(int server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>"GET /index/", in the order in which they came.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

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
                await Task.WhenAny(CountAsync(client.GetStream(), server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
            catch (Exception cut) when (cut is IOException or SocketException)
            {
                return;
            }
        }
    }

    private async Task CountAsync(NetworkStream from, NetworkStream to)
    {
        var head = new List<byte>();
        var buffer = new byte[16 << 10];
        long body = 0;
        for (int count; (count = await from.ReadAsync(buffer)) > 0;)
        {
            for (var i = 0; i < count;)
            {
                var skipped = (int)Math.Min(body, count - i);
                (body, i) = (body - skipped, i + skipped);
                if (i == count) break;
                head.Add(buffer[i++]);
                if (head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n']) body = Take(head);
            }
            await to.WriteAsync(buffer.AsMemory(0, count));
        }
    }

    /// <summary>Notes a request; returns how many bytes its body has.</summary>
    private long Take(List<byte> head)
    {
        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        head.Clear();
        Requests.Enqueue(lines[0][..lines[0].LastIndexOf(' ')]);
        const string length = "Content-Length:";
        var found = Array.Find(lines, line => line.StartsWith(length, StringComparison.OrdinalIgnoreCase));
        return found is null ? 0 : long.Parse(found[length.Length..], CultureInfo.InvariantCulture);
    }
}
