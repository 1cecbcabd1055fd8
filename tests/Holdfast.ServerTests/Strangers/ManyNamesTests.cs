using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres.Base;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>A data directory in which one file has more names than the disk has room for.</summary>
public sealed class ManyNamesTests
{
    [Fact]
    public async Task A_file_of_many_names_is_not_read_beyond_what_the_disk_can_hold()
    {
        await using var rig = await BaseRig.StartAsync();
        var (data, aside) = (rig.Server.Data, $"{rig.Server.Data}-aside");
        await rig.Server.StopServerAsync();
        Directory.Move(data, aside);
        using var disk = new SmallDisk(data, 512 << 20);
        (await Command.RunAsync("sh", ["-c", "cp -a \"$1/.\" \"$2\" && chown --reference=\"$1\" \"$2\" && chmod 700 \"$2\"", "sh", aside, data])).Succeeded();
        await rig.Server.StartServerAsync();

        async Task StopAsync()
        {
            await rig.Server.StopServerAsync();
            var large = Path.Combine(data, "large");
            await File.WriteAllBytesAsync(large, new byte[16 << 20], TestContext.Current.CancellationToken);
            (await Command.RunAsync("sh", ["-c", "for n in $(seq 100); do ln \"$1\" \"$1$n\"; done", "sh", large])).Succeeded();
        }

        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, StopAsync))).Problem;
        Assert.Equal("HF-PG-FILES", problem.Code);
        Assert.Contains("many names", problem.Message, StringComparison.Ordinal);
    }
}
