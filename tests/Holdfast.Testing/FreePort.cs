using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Holdfast.Testing;

/// <summary>
/// Ports of the loopback for servers of tests. They lie below those that the kernel gives to outgoing connections, and none is given twice
/// by one process: a server that takes seconds to listen would else find its port taken by a test beside it.
/// </summary>
public static class FreePort
{
    private const int Lowest = 12_000;

    private static readonly Lock _gate = new();
    private static readonly int _count = Highest() - Lowest;
    private static int _given = (int)(Environment.ProcessId * 997L % _count);

    /// <summary>The first of some ports in a row on which nobody listens.</summary>
    /// <param name="row">How many.</param>
    /// <exception cref="InvalidOperationException">There is no such row.</exception>
    public static int Next(int row = 1)
    {
        lock (_gate)
        {
            for (var tries = 0; tries < _count; tries++)
            {
                var first = Lowest + _given;
                _given = (_given + row) % (_count - row);
                if (Enumerable.Range(first, row).All(IsFree)) return first;
            }
        }
        throw new InvalidOperationException($"No {row} free ports in a row are left from {Lowest} on.");
    }

    /// <summary>The first port of outgoing connections, see ip(7), less a margin for ports that servers derive from theirs.</summary>
    private static int Highest()
    {
        var range = File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t', ' ')[0];
        var first = int.Parse(range, CultureInfo.InvariantCulture);
        return (first > Lowest + 5000 ? first : 65_000) - 200;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
