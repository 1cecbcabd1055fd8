using System.Globalization;
using System.Text;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>What a server says that it has sent, beside what has come.</summary>
public sealed class BackupManifestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The sum of "123456789" is the check value of CRC-32C, E3069283; manifests write its bytes as they lie in memory.</summary>
    private const string Told = """{"Files": [{"Path": "a", "Size": 9, "Checksum-Algorithm": "CRC32C", "Checksum": "839206e3"}, {"Encoded-Path": "62ff", "Size": 0}]}""";

    [Fact]
    public async Task What_has_come_whole_passes_however_it_was_read()
    {
        foreach (var piece in new[] { 1, 3, 8, 100 }) Make(await SumAsync("123456789", piece)).Verify("main", Encoding.UTF8.GetBytes(Told));
    }

    [Theory]
    [InlineData("123456780", "\u00ff", "does not fit its checksum")]
    [InlineData("12345678", "\u00ff", "has 8 bytes, and 9")]
    [InlineData("123456789", "x", "has not come")]
    public async Task What_has_not_is_told(string content, string other, string why)
    {
        var problem = Assert.Throws<ProblemException>(() => Make((content.Length, 0)).Verify("main", "{"u8.ToArray())).Problem;
        Assert.Contains("cannot be read", problem.Message, StringComparison.Ordinal);
        var manifest = Make(await SumAsync(content, 4), $"b{other}");
        Assert.Contains(why, Assert.Throws<ProblemException>(() => manifest.Verify("main", Encoding.UTF8.GetBytes(Told))).Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_nobody_told_of_is_told()
    {
        var manifest = Make(await SumAsync("123456789", 4));
        manifest.TryAdd("more", 1, 1);
        Assert.Contains("more has come", Assert.Throws<ProblemException>(() => manifest.Verify("main", Encoding.UTF8.GetBytes(Told))).Problem.Message, StringComparison.Ordinal);
    }

    private static BackupManifest Make((long Size, uint Sum) a, string other = "b\u00ff")
    {
        var manifest = new BackupManifest();
        manifest.TryAdd("a", a.Size, a.Sum);
        manifest.TryAdd(other, 0, 0);
        return manifest;
    }

    private static async Task<(long, uint)> SumAsync(string content, int piece)
    {
        await using var stream = new SummedStream(new MemoryStream(Encoding.UTF8.GetBytes(content)));
        var buffer = new byte[piece];
        while (await stream.ReadAsync(buffer, Token) > 0) Assert.True(stream.Count > 0, piece.ToString(CultureInfo.InvariantCulture));
        return (stream.Count, stream.Sum);
    }
}
