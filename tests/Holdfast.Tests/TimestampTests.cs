using System.Globalization;
using System.Text;
using CsCheck;
using Holdfast.Restic;
using Xunit;

namespace Holdfast.Tests;

public class TimestampTests
{
    [Theory]
    [InlineData("2022-11-22T21:04:05.123456789+01:00", 1669147445, 123456789, 60)]
    [InlineData("2022-11-22T21:04:05.1Z", 1669151045, 100000000, 0)]
    [InlineData("1969-12-31T20:00:00-04:00", 0, 0, -240)]
    [InlineData("0001-01-01T00:00:00Z", -62135596800, 0, 0)]
    [InlineData("0000-02-29T00:00:00Z", -62162121600, 0, 0)]
    [InlineData("9999-12-31T23:59:59.999999999Z", 253402300799, 999999999, 0)]
    public void A_time_reads_and_writes_as_in_Go(string text, long seconds, int nanoseconds, short offset)
    {
        var time = new Timestamp(seconds, nanoseconds, offset);
        Assert.Equal(time, Timestamp.Parse(text));
        Assert.Equal(text, time.ToString());
    }

    [Fact]
    public void Every_time_survives_being_written() =>
        Gen.Select(Gen.Long[-62_000_000_000, 253_000_000_000], Gen.Int[0, 999_999_999], Gen.Short[-720, 840])
            .Select((seconds, nanoseconds, offset) => new Timestamp(seconds, nanoseconds, offset))
            .Sample(time => Timestamp.TryParse(Encoding.ASCII.GetBytes(time.ToString()), out var read) && read == time);

    [Fact]
    public void Dates_are_those_of_dotnet() =>
        Gen.Long[-62_000_000_000, 253_000_000_000].Sample(seconds =>
            string.Equals(new Timestamp(seconds, 0, 0).ToString(), DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture), StringComparison.Ordinal));

    [Theory]
    [InlineData("")]
    [InlineData("2022-11-22")]
    [InlineData("2022-11-22 21:04:05Z")]
    [InlineData("2022-13-22T21:04:05Z")]
    [InlineData("2022-11-22T21:04:05")]
    [InlineData("2022-11-22T21:04:05.Z")]
    [InlineData("2022-11-22T21:04:05+0100")]
    public void What_is_no_time_is_refused(string text) => Assert.Throws<FormatException>(() => Timestamp.Parse(text));

    [Fact]
    public void A_time_of_the_clock_keeps_its_offset()
    {
        var local = new DateTimeOffset(2026, 11, 22, 22, 4, 5, TimeSpan.FromHours(1)).AddTicks(1234567);
        var time = Timestamp.FromDateTimeOffset(local);
        Assert.Equal("2026-11-22T22:04:05.1234567+01:00", time.ToString());
        Assert.Equal(local, time.ToDateTimeOffset());
    }

    [Fact]
    public void Times_before_1970_count_upwards_from_the_second_before() =>
        Assert.Equal(new Timestamp(-1, 500_000_000, 0), Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddMilliseconds(-500)));

    [Fact]
    public void A_zone_gives_the_offset_of_that_instant()
    {
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        Assert.Equal(120, Timestamp.Parse("2026-07-01T00:00:00Z").In(berlin).OffsetMinutes);
        Assert.Equal(60, Timestamp.Parse("2026-12-01T00:00:00Z").In(berlin).OffsetMinutes);
    }

    [Fact]
    public void Order_is_by_instant_whatever_the_offset()
    {
        var noon = Timestamp.Parse("2026-11-22T12:00:00+02:00");
        var eleven = Timestamp.Parse("2026-11-22T11:00:00Z");
        Assert.True(noon < eleven);
        Assert.True(noon.IsSameInstant(Timestamp.Parse("2026-11-22T10:00:00Z")));
    }
}
