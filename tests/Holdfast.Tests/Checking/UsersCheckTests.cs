using System.Net;
using System.Net.Sockets;
using Holdfast.Engine.Checking;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Checking;

public sealed class UsersCheckTests : IDisposable
{
    private const string Head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Others_are_counted_by_address_whichever_protocol_they_speak()
    {
        // 192.0.2.7 twice by IPv4, once as an IPv4 address in the IPv6 table; 2001:db8::1; one that listens, one that closes; another port.
        Write("tcp", "0100000A:01BB 070200C0:9C40 01", "0100000A:01BB 070200C0:9C41 01", "00000000:01BB 00000000:0000 0A", "0100000A:01BB 080200C0:9C42 06", "0100000A:0050 090200C0:9C43 01");
        Write("tcp6", "0000000000000000FFFF00000100000A:01BB 0000000000000000FFFF0000070200C0:9C44 01", "B80D0120000000000000000001000000:01BB B80D0120000000000000000002000000:9C45 01");
        var line = await AskAsync(443);
        Assert.Equal(CheckState.Fail, line.State);
        Assert.Equal("4 connections to port 443 from 192.0.2.7 (3), 2001:db8::2", line.Found);
    }

    [Fact]
    public async Task What_this_machine_has_to_itself_is_a_warning()
    {
        Write("tcp", "0100007F:01BB 0100007F:9C40 01", "0100000A:01BB 0100000A:9C41 01");
        var line = await AskAsync(443);
        Assert.Equal((CheckState.Warn, "2 connections to port 443 from this machine alone"), (line.State, line.Found));
    }

    [Fact]
    public async Task Nobody_is_a_pass_also_without_ipv6()
    {
        Write("tcp", "0100000A:01BB 070200C0:9C40 01");
        Assert.Equal(CheckState.Pass, (await AskAsync(80, 8443)).State);
    }

    [Fact]
    public async Task A_table_that_is_not_there_or_not_understood_is_unknown()
    {
        Assert.Equal(CheckState.Unknown, (await AskAsync(443)).State);
        Write("tcp", "not:hex at:all 01");
        Assert.Equal(CheckState.Unknown, (await AskAsync(443)).State);
    }

    [Fact]
    public async Task A_real_connection_is_seen_while_it_lasts()
    {
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var check = new UsersCheck([port], [], "/proc/net");
        Assert.Equal(CheckState.Pass, Assert.Single(await check.CheckAsync(Cancellation)).State);
        using (var client = new TcpClient(AddressFamily.InterNetworkV6))
        {
            await client.ConnectAsync(IPAddress.IPv6Loopback, port, Cancellation);
            using var served = await listener.AcceptTcpClientAsync(Cancellation);
            var line = Assert.Single(await check.CheckAsync(Cancellation));
            Assert.Equal((CheckState.Warn, $"1 connection to port {port} from this machine alone"), (line.State, line.Found));
        }
        Assert.Equal(CheckState.Pass, Assert.Single(await check.CheckAsync(Cancellation)).State);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private void Write(string table, params string[] connections) =>
        _folder.Write(table, Head + string.Concat(connections.Select((connection, index) => $"   {index}: {connection} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1\n")));

    private async Task<CheckLine> AskAsync(params int[] ports) => Assert.Single(await new UsersCheck(ports, [], _folder.Path).CheckAsync(Cancellation));
}
