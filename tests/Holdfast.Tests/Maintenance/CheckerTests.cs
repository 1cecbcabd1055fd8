using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class CheckerTests : IAsyncLifetime
{
    private static readonly CheckOptions ReadAll = new() { ReadData = ReadSubset.All };
    private SampleRepository _sample = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private MemoryBackend Files => _sample.Backend;

    public async ValueTask InitializeAsync() => _sample = await SampleRepository.MakeAsync(Now);

    public ValueTask DisposeAsync() => _sample.DisposeAsync();

    [Fact]
    public async Task A_whole_repository_is_clean_and_every_byte_of_its_packs_is_read()
    {
        var report = await CheckAsync(ReadAll);
        var packs = Files.Names(FileKind.Pack);
        Assert.Empty(report.Damages);
        Assert.Empty(report.Hints);
        Assert.Equal((2, packs.Count, packs.Count), (report.Snapshots, (int)report.Packs, (int)report.PacksRead));
        Assert.Equal(packs.Sum(pack => Files[FileKind.Pack, pack].LongLength), report.BytesRead);
    }

    [Fact]
    public async Task A_flipped_bit_in_a_data_blob_is_found_by_reading_and_names_the_file_in_every_snapshot()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/var/data.bin", Now);
        Flip(FileKind.Pack, place.Pack, (int)place.Offset + 100);
        Assert.True((await CheckAsync(new CheckOptions())).IsClean); // nothing but reading can tell
        var damage = Assert.Single((await CheckAsync(ReadAll)).Damages);
        Assert.Equal(Layout.PathOf(FileKind.Pack, place.Pack.ToString()), damage.File);
        Assert.Single(damage.Blobs);
        Assert.Equal([new(_sample.Second.Id, "/var/data.bin"), new(_sample.First.Id, "/var/data.bin")], damage.Affected);
        Assert.Equal([_sample.Second.Id, _sample.First.Id], damage.Snapshots);
    }

    [Fact]
    public async Task Only_the_snapshot_that_needs_a_damaged_blob_is_named()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/etc/app.conf", Now);
        Flip(FileKind.Pack, place.Pack, (int)place.Offset + 20);
        var damage = Assert.Single((await CheckAsync(ReadAll)).Damages);
        Assert.Equal([new(_sample.First.Id, "/etc/app.conf")], damage.Affected);
    }

    [Fact]
    public async Task A_damaged_tree_is_found_without_reading_the_data_and_names_its_folder()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/etc", Now);
        Flip(FileKind.Pack, place.Pack, (int)place.Offset + 20);
        var damage = Assert.Single((await CheckAsync(new CheckOptions())).Damages);
        Assert.Equal([new(_sample.First.Id, "/etc")], damage.Affected);
    }

    [Theory]
    [InlineData(1)] // the length of the header
    [InlineData(10)] // the header's authentication code
    [InlineData(60)] // the header
    public async Task A_damaged_end_of_a_pack_costs_no_blob(int fromEnd)
    {
        var place = await _sample.PlaceAsync(_sample.First, "/var/data.bin", Now);
        Flip(FileKind.Pack, place.Pack, Files[FileKind.Pack, place.Pack.ToString()].Length - fromEnd);
        var damage = Assert.Single((await CheckAsync(ReadAll)).Damages);
        Assert.Contains("header", damage.Message, StringComparison.Ordinal);
        Assert.Empty(damage.Blobs);
        Assert.Empty(damage.Affected);
    }

    [Fact]
    public async Task A_truncated_pack_is_found_by_its_size()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/var/data.bin", Now);
        var name = place.Pack.ToString();
        Files[FileKind.Pack, name] = Files[FileKind.Pack, name][..(int)(place.Offset + place.Length - 1)];
        var damage = Assert.Single((await CheckAsync(new CheckOptions())).Damages);
        Assert.Contains("bytes, where the index needs", damage.Message, StringComparison.Ordinal);
        Assert.Equal(2, damage.AffectedCount);
        Assert.Equal(damage.File, Assert.Single((await CheckAsync(ReadAll)).Damages).File);
    }

    [Fact]
    public async Task A_missing_pack_is_found_and_names_what_needs_it()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/var/data.bin", Now);
        await Files.RemoveAsync(FileKind.Pack, place.Pack.ToString(), Now);
        var damage = Assert.Single((await CheckAsync(ReadAll)).Damages);
        Assert.Contains("missing", damage.Message, StringComparison.Ordinal);
        Assert.Contains(new AffectedPath(_sample.First.Id, "/var/data.bin"), damage.Affected);
    }

    [Fact]
    public async Task A_missing_pack_of_trees_names_the_root()
    {
        var place = await _sample.PlaceAsync(_sample.Second, "/", Now);
        await Files.RemoveAsync(FileKind.Pack, place.Pack.ToString(), Now);
        var damage = Assert.Single((await CheckAsync(new CheckOptions())).Damages);
        Assert.Contains(new AffectedPath(_sample.Second.Id, "/"), damage.Affected);
    }

    [Theory]
    [InlineData(FileKind.Snapshot)]
    [InlineData(FileKind.Index)]
    [InlineData(FileKind.Key)]
    public async Task A_small_file_with_a_flipped_bit_or_cut_short_is_named(FileKind kind)
    {
        await using var before = await _sample.ReopenAsync(Now); // a damaged key would not open it
        var name = Files.Names(kind)[0];
        var whole = Files[kind, name];
        foreach (var damaged in new[] { Flipped(whole, whole.Length / 2), whole[..^1], whole[..10], [] })
        {
            Files[kind, name] = damaged;
            var report = await before.CheckAsync(new CheckOptions(), Now);
            Assert.Contains(report.Damages, damage => damage.File == Layout.PathOf(kind, name));
        }
    }

    [Fact]
    public async Task A_damaged_snapshot_names_itself()
    {
        Flip(FileKind.Snapshot, _sample.First.Id, 40);
        var damage = Assert.Single((await CheckAsync(new CheckOptions())).Damages);
        Assert.Equal([new(_sample.First.Id, "/")], damage.Affected);
    }

    [Fact]
    public async Task A_config_that_is_damaged_after_it_was_read_is_named()
    {
        await using var before = await _sample.ReopenAsync(Now);
        Files[FileKind.Config, ""] = Flipped(Files[FileKind.Config, ""], 30);
        Assert.Equal("config", Assert.Single((await before.CheckAsync(new CheckOptions(), Now)).Damages).File);
    }

    [Fact]
    public async Task Without_an_index_its_packs_are_told_to_be_unindexed_and_its_blobs_to_be_rescuable()
    {
        foreach (var name in Files.Names(FileKind.Index)) Files[FileKind.Index, name] = Flipped(Files[FileKind.Index, name], 30);
        var damages = (await CheckAsync(ReadAll)).Damages;
        Each.Holds(damages.Where(damage => damage.File != "index"), damage =>
            Assert.Contains($"{Files.Names(FileKind.Pack).Count} packs that are there are in no readable index", damage.Message, StringComparison.Ordinal));
        var missing = Assert.Single(damages, damage => damage.File == "index");
        Assert.Contains("rebuilding the index", missing.Message, StringComparison.Ordinal);
        Assert.Contains(new AffectedPath(_sample.First.Id, "/"), missing.Affected);
    }

    [Fact]
    public async Task A_missing_index_leaves_hints_and_missing_blobs()
    {
        foreach (var name in Files.Names(FileKind.Index)) await Files.RemoveAsync(FileKind.Index, name, Now);
        var report = await CheckAsync(new CheckOptions());
        Assert.Contains("packs are in no index", Assert.Single(report.Hints), StringComparison.Ordinal);
        Assert.Equal("index", Assert.Single(report.Damages).File);
    }

    [Fact]
    public async Task An_index_that_is_stored_twice_is_a_hint()
    {
        var plain = await _sample.Repository.LoadUnpackedAsync(FileKind.Index, Files.Names(FileKind.Index)[0], Now);
        await _sample.Repository.SaveUnpackedAsync(FileKind.Index, plain, Now);
        var report = await CheckAsync(ReadAll);
        Assert.Empty(report.Damages);
        Each.Holds(report.Hints, hint => Assert.Contains("more than once", hint, StringComparison.Ordinal));
        Assert.NotEmpty(report.Hints);
    }

    [Fact]
    public async Task A_pack_that_reads_differently_each_time_is_not_clean()
    {
        var place = await _sample.PlaceAsync(_sample.First, "/var/data.bin", Now);
        var flips = 1;
        var faulty = new FaultyBackend(Files)
        {
            Corrupt = (kind, name, _, bytes) =>
            {
                if (kind == FileKind.Pack && name == place.Pack.ToString() && bytes.Length > 100_000 && Interlocked.Decrement(ref flips) == 0) bytes.Span[50] ^= 1;
            },
        };
        await using var repository = await Repository.OpenAsync(faulty, "password", cancellation: Now);
        var damage = Assert.Single((await repository.CheckAsync(ReadAll, Now)).Damages);
        Assert.Contains("read again", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subset_reads_its_share_and_all_subsets_read_every_pack_once()
    {
        var read = 0L;
        for (var group = 1; group <= 5; group++)
            read += (await CheckAsync(new CheckOptions { ReadData = new ReadSubset(group, 5) })).PacksRead;
        Assert.Equal(Files.Names(FileKind.Pack).Count, read);
        Assert.Equal(1, (await CheckAsync(new CheckOptions { ReadData = new ReadSubset(1, 1, 0.001) })).PacksRead);
    }

    private async Task<CheckReport> CheckAsync(CheckOptions options)
    {
        await using var repository = await _sample.ReopenAsync(Now);
        return await repository.CheckAsync(options with { Counters = new CheckCounters() }, Now);
    }

    private void Flip(FileKind kind, Id name, int offset) => Files[kind, name.ToString()] = Flipped(Files[kind, name.ToString()], offset);

    private static byte[] Flipped(byte[] whole, int offset)
    {
        byte[] bytes = [.. whole];
        bytes[offset] ^= 0x10;
        return bytes;
    }
}
