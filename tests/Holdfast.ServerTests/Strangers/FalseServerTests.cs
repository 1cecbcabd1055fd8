using System.Formats.Tar;
using System.Text;
using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Postgres.Base;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>A server that sends what no PostgreSQL does, without an end or in sizes that nothing holds.</summary>
public sealed class FalseServerTests
{
    private static readonly byte[] _notice = FalsePostgres.Message('N', "SWARNING\0VWARNING\0C01000\0Mmore\0\0"u8);

    [Fact]
    public async Task Notices_without_an_end_end_a_base_backup() =>
        Assert.Contains("notices", await BackUpAsync(message => message.Type == 'H' ? Endless(_notice) : null), StringComparison.Ordinal);

    [Fact]
    public async Task A_manifest_without_an_end_ends_a_base_backup() =>
        Assert.Contains("a manifest of more than", await BackUpAsync(message => message is { Type: 'd', Body: [(byte)'m', ..] }
            ? Endless(FalsePostgres.Message('d', Encoding.ASCII.GetBytes("d" + new string('{', 32 << 10))), FalsePostgres.Message('d', message.Body)) : null), StringComparison.Ordinal);

    [Fact]
    public async Task A_message_of_no_servers_size_ends_a_base_backup() =>
        Assert.Contains("a message of", await BackUpAsync(message => IsArchive(message) ? [FalsePostgres.Message('d', message.Body), FalsePostgres.Message('d', new byte[2 << 20])] : null), StringComparison.Ordinal);

    [Fact]
    public async Task An_archive_that_was_not_announced_ends_a_base_backup() =>
        Assert.Contains("16999.tar, which is not the next one", await BackUpAsync(message => IsArchive(message) ? [FalsePostgres.Message('d', "n16999.tar\0/etc\0"u8)] : null), StringComparison.Ordinal);

    [Theory]
    [InlineData(TarEntryType.SymbolicLink, "pg_wal", "pg_wal is neither")]
    [InlineData(TarEntryType.HardLink, "hard", "hard is neither")]
    [InlineData(TarEntryType.Fifo, "pipe", "pipe is neither")]
    [InlineData(TarEntryType.RegularFile, "PG_VERSION", "PG_VERSION twice")]
    [InlineData(TarEntryType.RegularFile, "mode", "cannot be read")]
    [InlineData(TarEntryType.RegularFile, "backup_label", "backup_label with")]
    public async Task A_member_that_no_server_sends_ends_a_base_backup(TarEntryType type, string name, string why)
    {
        var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var entry = new UstarTarEntry(type, name);
            if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink) entry.LinkName = "/etc/shadow";
            if (name == "backup_label") entry.DataStream = new MemoryStream(new byte[(16 << 20) + 1]);
            await writer.WriteEntryAsync(entry, TestContext.Current.CancellationToken);
        }
        var bytes = tar.ToArray()[..^1024];
        if (name == "mode") "zzzzzzz"u8.CopyTo(bytes.AsSpan(100));
        var message = await BackUpAsync(sent => IsArchive(sent) ? [FalsePostgres.Message('d', sent.Body), .. bytes.Chunk(32 << 10).Select(chunk => FalsePostgres.Message('d', [(byte)'d', .. chunk]))] : null);
        Assert.Contains(why, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_without_an_end_end_a_question()
    {
        await using var server = await PostgresServer.StartAsync();
        Assert.Contains("rows without an end", await AskAsync(server, message => message.Type == 'D' ? Endless(FalsePostgres.Message('D', message.Body)) : null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_nothing_holds_ends_a_question()
    {
        await using var server = await PostgresServer.StartAsync();
        byte[] row = [(byte)'D', 0x7F, 0xFF, 0xFF, 0xF0, 0, 1, 0x7F, 0xFF, 0xFF, 0];
        Assert.Contains("too large to be held", await AskAsync(server, message => message.Type == 'D' ? Endless(new byte[64 << 10], row) : null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notices_without_an_end_end_a_question()
    {
        await using var server = await PostgresServer.StartAsync();
        Assert.Contains("notices without an end", await AskAsync(server, message => message.Type == 'D' ? Endless(_notice) : null), StringComparison.Ordinal);
    }

    /// <summary>What is said of a server that sends something else in an ordinary session.</summary>
    private static async Task<string> AskAsync(PostgresServer postgres, Func<FalseMessage, IEnumerable<byte[]>?> instead)
    {
        using var server = new FalsePostgres(postgres.Port, instead);
        var component = Cluster.ComponentOf(new PostgresSettings { Host = "127.0.0.1", Port = server.Port, SslMode = "disable" });
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => component.QueryAsync("postgres", "SELECT 1 AS n", TestContext.Current.CancellationToken))).Problem;
        return problem.Message;
    }

    /// <summary>What a backup says of a server that sends something else once a base backup was asked for.</summary>
    private static async Task<string> BackUpAsync(Func<FalseMessage, IEnumerable<byte[]>?> instead)
    {
        await using var rig = await BaseRig.StartAsync();
        using var server = new FalsePostgres(rig.Server.Port, message => message.Asked.Contains("BASE_BACKUP", StringComparison.Ordinal) ? instead(message) : null);
        var settings = new PostgresSettings { Method = PostgresMethod.Base, Host = "127.0.0.1", Port = server.Port, SslMode = "disable" };
        var component = new PostgresComponent(settings, new FixedSecret(""), rig.Host, TimeProvider.System) { Receives = true };
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.BackUpAsync(component, BackupMode.Online, null))).Problem;
        Assert.Equal("HF-PG-BACKUP", problem.Code);
        return problem.Message;
    }

    private static bool IsArchive(FalseMessage message) => message is { Type: 'd', Body: [(byte)'n', ..] };

    private static IEnumerable<byte[]> Endless(byte[] message, params byte[][] first)
    {
        foreach (var one in first) yield return one;
        var many = Enumerable.Repeat(message, Math.Max(1, (64 << 10) / message.Length)).SelectMany(bytes => bytes).ToArray();
        while (true) yield return many;
    }
}
