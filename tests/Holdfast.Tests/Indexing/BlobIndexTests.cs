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
        for (var i = 0; i < 100_000; i++) index.Add(IdOf(i), new PackedBlob(IdOf(-1 - i / 100), (BlobType)(i & 1), (uint)i, 40 + (uint)i, 0));
        Assert.Equal(100_000, index.Count);
        Assert.Equal(1000, index.Packs.Count);
        for (var i = 0; i < 100_000; i++)
        {
            Assert.Equal(new PackedBlob(IdOf(-1 - i / 100), (BlobType)(i & 1), (uint)i, 40 + (uint)i, 0), index.Find(IdOf(i), (BlobType)(i & 1)));
            Assert.False(index.Contains(IdOf(i), (BlobType)(1 - (i & 1))));
        }
        Assert.Equal(Enumerable.Range(0, 100_000).Select(IdOf), index.All.Select(e => e.Id));
    }

    [Fact]
    public void The_first_place_of_a_blob_stays_and_others_are_counted()
    {
        var index = new BlobIndex();
        index.Add(IdOf(1), new PackedBlob(IdOf(2), BlobType.Data, 0, 50, 0));
        index.Add(IdOf(1), new PackedBlob(IdOf(3), BlobType.Data, 0, 50, 0));
        Assert.Equal(IdOf(2), index.Find(IdOf(1), BlobType.Data).Pack);
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

    private static Id IdOf(int number) => Id.Hash(BitConverter.GetBytes(number));
}
