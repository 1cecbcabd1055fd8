using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Every damage that stock restic finds, Holdfast finds as well, and it names the file that is damaged.</summary>
public sealed class CheckAgainstResticTests(ResticRepository original) : IClassFixture<ResticRepository>
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_repository_is_clean_for_both()
    {
        using var copy = await original.CopyAsync();
        await original.Restic.CheckAsync(copy.Path, ResticRepository.Password);
        var report = await CheckAsync(copy);
        Assert.Empty(report.Damages);
        Assert.Empty(report.Hints);
        Assert.Equal(2, report.Snapshots);
    }

    [Theory]
    [InlineData("data", "flip", 0.0)]
    [InlineData("data", "flip", 0.3)]
    [InlineData("data", "flip", 0.9999999)]
    [InlineData("data", "flip-header", 0.0)]
    [InlineData("data", "grow", 0.0)]
    [InlineData("index", "flip", 0.5)]
    [InlineData("index", "truncate", 0.5)]
    [InlineData("index", "truncate", 0.0)]
    [InlineData("snapshots", "flip", 0.5)]
    [InlineData("snapshots", "truncate", 0.5)]
    [InlineData("snapshots", "truncate", 0.0)]
    public async Task What_restic_finds_is_found_and_named(string kind, string damage, double where)
    {
        using var clean = await original.CopyAsync();
        var files = Directory.GetFiles(clean[kind], "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var file in files.Select(file => Path.GetRelativePath(clean.Path, file)))
        {
            using var copy = await original.CopyAsync();
            await DamageAsync(copy[file], damage, where);
            var restic = await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "check", "--read-data");
            Assert.NotEqual(0, restic.ExitCode);
            Assert.Contains((await CheckAsync(copy)).Damages, found => found.File == file);
        }
    }

    /// <summary>restic tries for minutes to read what is not there, so that it is asked for sizes only, and of one pack of data.</summary>
    [Theory]
    [InlineData("truncate", 0.5)]
    [InlineData("truncate", 0.0)]
    [InlineData("remove", 0.0)]
    public async Task A_pack_that_lacks_bytes_is_found_by_both(string damage, double where)
    {
        using var copy = await original.CopyAsync();
        var largest = PacksBySize(copy)[^1];
        await DamageAsync(largest, damage, where);
        Assert.NotEqual(0, (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "check")).ExitCode);
        var found = Assert.Single((await CheckAsync(copy)).Damages);
        Assert.Equal(Path.GetRelativePath(copy.Path, largest), found.File);
        Assert.Contains(found.Affected, path => path.Path == original.Source + "/noise.bin");
    }

    [Fact]
    public async Task A_missing_index_is_found_by_both()
    {
        using var copy = await original.CopyAsync();
        File.Delete(Directory.GetFiles(copy["index"])[0]);
        Assert.NotEqual(0, (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "check")).ExitCode);
        var missing = Assert.Single((await CheckAsync(copy)).Damages);
        Assert.Equal("index", missing.File);
        Assert.Contains("rebuilding the index", missing.Message, StringComparison.Ordinal);
        (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "rebuild-index")).Succeeded();
        Assert.True((await CheckAsync(copy)).IsClean); // the advice was right
    }

    [Fact]
    public async Task A_pack_that_carries_another_packs_name_is_found_by_both()
    {
        using var copy = await original.CopyAsync();
        var packs = PacksBySize(copy);
        File.Delete(packs[0]);
        File.Copy(packs[^1], packs[0]);
        Assert.NotEqual(0, (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "check")).ExitCode);
        Assert.Contains((await CheckAsync(copy)).Damages, found => found.File == Path.GetRelativePath(copy.Path, packs[0]));
    }

    [Fact]
    public async Task The_path_that_a_damaged_pack_costs_can_indeed_not_be_restored_and_all_others_can()
    {
        using var copy = await original.CopyAsync();
        var largest = PacksBySize(copy)[^1];
        await DamageAsync(largest, "flip", 0.5);
        var damage = Assert.Single((await CheckAsync(copy)).Damages);
        Each.Holds(damage.Affected, path => Assert.Equal(original.Source + "/noise.bin", path.Path));
        Assert.Equal(2, damage.AffectedCount);
        using var target = new TempFolder();
        var restore = await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "restore", "latest", "--target", target.Path, "--exclude", "noise.bin");
        Assert.Equal(0, restore.ExitCode);
        Assert.NotEqual(0, (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "dump", "latest", original.Source + "/noise.bin")).ExitCode);
    }

    [Fact]
    public async Task A_damaged_key_is_named_though_another_one_opens_the_repository()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        var key = Assert.Single(Directory.GetFiles(copy["keys"]));
        await DamageAsync(key, "truncate", 0.5);
        var report = await repository.CheckAsync(new CheckOptions(), Now);
        Assert.Equal(Path.GetRelativePath(copy.Path, key), Assert.Single(report.Damages).File);
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("truncate")]
    public async Task A_damaged_config_or_only_key_is_a_clear_error_on_opening(string damage)
    {
        using var copy = await original.CopyAsync();
        await DamageAsync(copy["config"], damage, 0.5);
        var config = await Assert.ThrowsAsync<ResticException>(() => ResticRepository.OpenAsync(copy, Now));
        Assert.Equal(ResticError.Damaged, config.Error);
        Assert.Contains("config", config.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statistics_are_restics()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        var statistics = await repository.StatisticsAsync(Now);
        var packs = Directory.GetFiles(copy["data"], "*", SearchOption.AllDirectories);
        Assert.Equal((2, packs.Length, packs.Sum(pack => new FileInfo(pack).Length)), (statistics.Snapshots, statistics.Packs, statistics.PackBytes));
        var blobs = (await original.Restic.RunAsync(copy.Path, ResticRepository.Password, "list", "blobs")).Succeeded().Output;
        Assert.Equal(blobs.Split('\n').Count(line => line.StartsWith("tree", StringComparison.Ordinal)), statistics.TreeBlobs);
        Assert.Equal(blobs.Split('\n').Count(line => line.StartsWith("data", StringComparison.Ordinal)), statistics.DataBlobs);
        Assert.Equal(Directory.GetFiles(copy.Path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), statistics.StoredBytes);
    }

    /// <summary>The smallest and the largest pack hold data, those between hold trees.</summary>
    private static string[] PacksBySize(TempFolder copy) =>
        [.. Directory.GetFiles(copy["data"], "*", SearchOption.AllDirectories).OrderBy(file => new FileInfo(file).Length)];

    private static async Task<CheckReport> CheckAsync(TempFolder copy)
    {
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        return await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now);
    }

    private static async Task DamageAsync(string file, string damage, double where)
    {
        var bytes = await File.ReadAllBytesAsync(file, Now);
        var at = (int)(bytes.Length * where);
        File.Delete(file);
        if (damage == "flip") bytes[at] ^= 0x20;
        if (damage == "flip-header") bytes[^30] ^= 0x20;
        if (damage == "truncate") bytes = bytes[..at];
        if (damage == "grow") bytes = [.. bytes, 0];
        if (damage != "remove") await File.WriteAllBytesAsync(file, bytes, Now);
    }
}
