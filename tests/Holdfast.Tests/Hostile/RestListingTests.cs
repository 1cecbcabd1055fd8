using System.Text;
using System.Text.Json;
using Holdfast.Restic.Backends;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>The answer to a listing is what some server sends.</summary>
public sealed class RestListingTests
{
    private static readonly string _name = new('a', 64);

    [Theory]
    [InlineData("[]", 0)]
    [InlineData("null", 0)]
    [InlineData("""[{"name":"NAME","size":7}]""", 1)]
    [InlineData("""[{"size":7,"other":{"name":["x"]},"name":"NAME"},{"name":"../config","size":1}]""", 1)]
    [InlineData("""["NAME","short"]""", 1)]
    [InlineData("""[{"name":"NAME","size":7},{"name":"NAME","size":8}]""", 1)]
    public async Task A_listing_of_either_version_is_read_and_foreign_names_are_left_out(string answer, int files) =>
        Assert.Equal(files, (await ReadAsync(answer)).Count);

    [Fact]
    public async Task Sizes_are_those_of_version_two() =>
        Assert.Equal([new StoredFile(_name, 7)], await ReadAsync("""[{"name":"NAME","size":7}]"""));

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("[7]")]
    [InlineData("[[]]")]
    [InlineData("[{}]")]
    [InlineData("""[{"name":"NAME"}]""")]
    [InlineData("""[{"name":"NAME","size":-1}]""")]
    [InlineData("""[{"name":"NAME","size":1e99}]""")]
    [InlineData("""[{"name":"NAME","size":7}""")]
    [InlineData("""[[[[[[[[[[[[]]]]]]]]]]]]""")]
    public Task What_is_no_listing_is_refused(string answer) =>
        Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(answer));

    [Fact]
    public async Task A_value_without_an_end_takes_no_more_memory_than_64_KiB()
    {
        await using var endless = new Endless();
        using var watch = new RestWatch(new RestOptions(), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<JsonException>(() => RestListing.ReadAsync(endless, watch));
        Assert.InRange(endless.Taken, 1, 256 << 10);
    }

    [Theory]
    [InlineData("NAME")]
    [InlineData("short")]
    public async Task A_listing_without_an_end_that_repeats_a_name_takes_next_to_no_memory(string name)
    {
        await using var endless = new Repeated(Encoding.UTF8.GetBytes($"\"{name.Replace("NAME", _name, StringComparison.Ordinal)}\","));
        using var watch = new RestWatch(new RestOptions(), TestContext.Current.CancellationToken);
        // What it has kept can't be seen; that it ends long before 10 million entries of 67 bytes can.
        await Assert.ThrowsAnyAsync<JsonException>(() => RestListing.ReadAsync(endless, watch));
        Assert.InRange(endless.Taken, 1, 200 << 20);
    }

    private static async Task<IReadOnlyList<StoredFile>> ReadAsync(string answer)
    {
        using var watch = new RestWatch(new RestOptions(), TestContext.Current.CancellationToken);
        var bytes = Encoding.UTF8.GetBytes(answer.Replace("NAME", _name, StringComparison.Ordinal));
        return await RestListing.ReadAsync(new MemoryStream(bytes), watch);
    }

    /// <summary>A string that never ends.</summary>
    private sealed class Endless : MemoryStream
    {
        public long Taken { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            if (Taken == 0) "[\""u8.CopyTo(buffer.Span);
            Taken += buffer.Length;
            return new ValueTask<int>(buffer.Length);
        }
    }
    /// <summary>A list of one name that never ends.</summary>
    private sealed class Repeated(byte[] entry) : MemoryStream
    {
        public long Taken { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = 0;
            if (Taken == 0) buffer.Span[count++] = (byte)'[';
            for (; count + entry.Length <= buffer.Length; count += entry.Length) entry.CopyTo(buffer.Span[count..]);
            Taken += count;
            return new ValueTask<int>(count);
        }
    }
}
