using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Snapshots;

public class SnapshotCodecTests
{
    private const string Restic014 =
        """{"time":"2022-11-22T21:04:05.1Z","parent":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","tree":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d","paths":["/a \u0026 b"],"hostname":"h","username":"root","gid":5,"excludes":["*.o"],"tags":["x","y"]}""";

    [Fact]
    public void A_snapshot_of_restic_is_written_the_same_again()
    {
        var snapshot = SnapshotCodec.Decode(Encoding.UTF8.GetBytes(Restic014), Id.Hash([]));
        Assert.Equal(["/a & b"], snapshot.Paths);
        Assert.Equal(["x", "y"], snapshot.Tags);
        Assert.Equal((0u, 5u, "root", "h"), (snapshot.Uid, snapshot.Gid, snapshot.Username, snapshot.Hostname));
        Assert.Equal(Id.Hash([]), snapshot.Parent);
        Assert.Equal(Restic014, Encoding.UTF8.GetString(SnapshotCodec.Encode(snapshot)));
    }

    [Fact]
    public void A_snapshot_of_a_newer_version_is_read()
    {
        var json = Restic014[..^1] + ""","program_version":"restic 0.17.1","summary":{"backup_start":"2024-01-01T00:00:00Z","files_new":1,"more":[{}]}}""";
        Assert.Equal("restic 0.17.1", SnapshotCodec.Decode(Encoding.UTF8.GetBytes(json), default).ProgramVersion);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"tree\":\"00\"}")]
    [InlineData("{\"time\":\"2022\"}")]
    public void What_is_no_snapshot_is_damaged(string json) =>
        Assert.Equal(ResticError.Damaged, Assert.Throws<ResticException>(() => SnapshotCodec.Decode(Encoding.UTF8.GetBytes(json), default)).Error);
}
