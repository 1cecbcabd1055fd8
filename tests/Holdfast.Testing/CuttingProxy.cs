using System.Net;
using System.Net.Sockets;

namespace Holdfast.Testing;

/// <summary>
/// Stands before a server, and cuts each of its first connections when so many bytes have gone through, in either
/// direction; all later ones are passed on whole.
/// </summary>
public sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private readonly long _bytes;
    private int _left;

    /// <param name="server">The port of the server.</param>
    /// <param name="connections">How many are cut.</param>
    /// <param name="bytes">After how many bytes.</param>
    public CuttingProxy(int server, int connections, long bytes)
    {
        (_server, _left, _bytes) = (server, connections, bytes);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections have been cut.</summary>
    public int Cut { get; private set; }

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
                var room = new Room(Interlocked.Decrement(ref _left) >= 0 ? _bytes : long.MaxValue);
                await Task.WhenAny(CopyAsync(client, server, room), CopyAsync(server, client, room));
                if (room.Left <= 0) Cut++;
            }
            catch (SocketException)
            {
                return; // the server is down
            }
        }
    }

    private static async Task CopyAsync(TcpClient from, TcpClient to, Room room)
    {
        var buffer = new byte[16 << 10];
        try
        {
            for (int count; (count = await from.GetStream().ReadAsync(buffer)) > 0;)
            {
                if (Interlocked.Add(ref room.Left, -count) <= 0) return;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception cut) when (cut is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return;
        }
    }

    private sealed class Room(long bytes)
    {
        public long Left = bytes;
    }
}
