using Holdfast.Cli.Text;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class AmountsTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(10 * 1024, "10.0 KiB")]
    [InlineData(123_456_789, "118 MiB")]
    [InlineData(1023 * 1024, "1.00 MiB")]
    [InlineData(long.MaxValue, "8.00 EiB")]
    public void Bytes_have_three_digits_and_a_unit(long bytes, string text) => Assert.Equal(text, Amounts.Bytes(bytes));

    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.6, "0 min 59 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(3720, "1 h 02 min")]
    [InlineData(360_000, "100 h 00 min")]
    public void Times_name_two_units_at_most(double seconds, string text) => Assert.Equal(text, Amounts.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(1, "1 file")]
    [InlineData(0, "0 files")]
    [InlineData(12345, "12,345 files")]
    public void Counts_agree_with_their_noun(long count, string text) => Assert.Equal(text, Amounts.Count(count, "file"));
}
