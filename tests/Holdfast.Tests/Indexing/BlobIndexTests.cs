using Holdfast.Restic;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Xunit;

namespace Holdfast.Tests.Indexing;

public sealed class BlobIndexTests
{
    [Fact]
    public void A_hundred_thousand_blobs_are_found_where_they_were_put()
    {
        var index = new BlobIndex();
        var all = Enumerable.Range(0, 1000).Select(PackOf).ToList();
        foreach (var pack in all) index.Add(pack);
        Assert.Equal(100_000, index.Count);
        foreach (var (id, blob) in all.SelectMany(pack => pack))
        {
            Assert.Equal(blob, index.Find(id, blob.Type));
            Assert.False(index.Contains(id, blob.Type == BlobType.Data ? BlobType.Tree : BlobType.Data));
        }
        Assert.Equal(all.SelectMany(pack => pack.Select(item => item.Blob)), index.Places);
    }

    /// <summary>Lists of others are in any order, and have gaps where a blob was passed over.</summary>
    [Fact]
    public void Blobs_are_found_in_packs_of_any_order_and_with_gaps()
    {
        var index = new BlobIndex();
        var random = new Random(1);
        var all = Enumerable.Range(0, 100).SelectMany(PackOf).Where(_ => random.Next(10) > 0).ToArray();
        random.Shuffle(all);
        foreach (var item in all) index.Add([item]);
        foreach (var (id, blob) in all) Assert.Equal(blob, index.Find(id, blob.Type));
    }

    [Fact]
    public void An_id_may_name_data_and_a_tree()
    {
        var index = new BlobIndex();
        index.Add([(IdOf(1), new PackedBlob(IdOf(2), BlobType.Data, 0, 50, 0)), (IdOf(1), new PackedBlob(IdOf(2), BlobType.Tree, 50, 70, 90))]);
        Assert.Equal((50u, 70u), (index.Find(IdOf(1), BlobType.Data).Length, index.Find(IdOf(1), BlobType.Tree).Length));
    }

    [Fact]
    public void Ids_that_share_their_first_bits_are_told_apart()
    {
        var index = new BlobIndex();
        var ids = Enumerable.Range(0, 3000).Select(number => new Id([.. new byte[12], .. BitConverter.GetBytes(number), .. new byte[16]])).ToList();
        index.Add(ids.Where((_, i) => i % 2 == 0).Select((id, i) => (id, new PackedBlob(IdOf(2), BlobType.Data, (uint)i * 50, 50, 0))));
        for (var i = 0; i < ids.Count; i++) Assert.Equal(i % 2 == 0, index.TryFind(ids[i], BlobType.Data, out var blob) && blob.Offset == i / 2 * 50);
    }

    [Theory]
    [InlineData(120_000, 400)]
    [InlineData(131_000, 30)]
    [InlineData(200_000, 8000)]
    public void A_blob_takes_forty_bytes_at_most(int count, int blobsOfPack)
    {
        var index = new BlobIndex();
        for (var i = 0; i < count; i += blobsOfPack)
            index.Add(Enumerable.Range(i, blobsOfPack).Select(number => (IdOf(number), new PackedBlob(IdOf(-1 - i), BlobType.Data, (uint)(number - i) * 50, 50, 0))));
        Assert.InRange(index.Size / (double)index.Count, 32, 40);
    }

    [Fact]
    public void The_first_place_of_a_blob_stays_and_others_are_counted()
    {
        var index = new BlobIndex();
        var (first, other) = (new PackedBlob(IdOf(2), BlobType.Data, 0, 50, 0), new PackedBlob(IdOf(3), BlobType.Data, 0, 50, 0));
        index.Add([(IdOf(1), first)]);
        index.Add([(IdOf(1), other)]);
        Assert.Equal(first, index.Find(IdOf(1), BlobType.Data));
        Assert.Equal([other], index.OtherPlaces(IdOf(1), first));
        Assert.Equal(1, index.Duplicates);
    }

    [Fact]
    public void An_index_file_goes_round()
    {
        var pack = new IndexedPack(IdOf(1), [(IdOf(2), new PackedBlob(IdOf(1), BlobType.Tree, 0, 77, 200)), (IdOf(3), new PackedBlob(IdOf(1), BlobType.Tree, 77, 99, 0))]);
        var read = Assert.Single(IndexCodec.Read(IndexCodec.Write([pack]).Span));
        Assert.Equal(pack.Id, read.Id);
        Assert.Equal(pack.Blobs, read.Blobs);
    }

    private static List<(Id Id, PackedBlob Blob)> PackOf(int pack)
    {
        uint offset = 0;
        var blobs = new List<(Id Id, PackedBlob Blob)>();
        for (var i = pack * 100; i < (pack + 1) * 100; i++)
        {
            var blob = new PackedBlob(IdOf(-1 - pack), (BlobType)(i & 1), offset, 40 + (uint)i, (uint)i * 2);
            blobs.Add((IdOf(i), blob));
            offset += blob.Length;
        }
        return blobs;
    }

    private static Id IdOf(int number) => Id.Hash(BitConverter.GetBytes(number));
}
