using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Holdfast.Engine.Checking;

/// <summary>An established TCP connection of this machine, from either end.</summary>
internal sealed record TcpConnection(IPAddress Local, int LocalPort, IPAddress Remote)
{
    private const string Established = "01";

    /// <summary>The established connections of a table of the kernel: /proc/net/tcp or tcp6. Source: proc_net_tcp.txt of the kernel.</summary>
    public static IEnumerable<TcpConnection> Read(IEnumerable<string> lines) => lines.Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length > 3 && words[3] == Established)
        .Select(words => new TcpConnection(Address(words[1]), Port(words[1]), Address(words[2])));

    private static int Port(string word) => int.Parse(word.AsSpan(word.IndexOf(':') + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>
    /// Converts 32-bit words in network order, which the kernel prints as numbers of this machine: on a little-endian
    /// one their bytes are reversed.
    /// </summary>
    private static IPAddress Address(string word)
    {
        var bytes = Convert.FromHexString(word.AsSpan(0, word.IndexOf(':')));
        if (BitConverter.IsLittleEndian)
            for (var at = 0; at < bytes.Length; at += 4) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)));
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
