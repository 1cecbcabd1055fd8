using System.Text;

namespace Holdfast.Restic;

/// <summary>
/// RFC 3339 in the format of Go's time.RFC3339Nano: no trailing zeros in the fraction, "Z" for an offset of zero, and
/// years from 0 to 9999.
/// </summary>
public readonly partial record struct Timestamp
{
    /// <summary>The longest text in bytes: "2006-01-02T15:04:05.999999999+07:00".</summary>
    internal const int MaxTextLength = 35;

    private const int DaySeconds = 86_400;

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    /// <summary>Writes the text; returns its length.</summary>
    internal int Format(Span<byte> text)
    {
        var local = Math.Clamp(Seconds + (60L * OffsetMinutes), FirstSecond, LastSecond);
        var day = (int)Math.DivRem(local - FirstSecond, DaySeconds, out var second);
        WriteDate(text, day);
        WriteClock(text[10..], (int)second);
        var length = 19 + WriteFraction(text[19..]);
        return length + WriteOffset(text[length..]);
    }

    /// <summary>
    /// Parses RFC 3339 with any number of digits in the fraction; digits below a nanosecond are truncated.
    /// </summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out Timestamp time)
    {
        time = default;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return false;
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)) return false;
        if (!Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second)) return false;
        if (month is < 1 or > 12 || day is < 1 or > 31 || hour > 23 || minute > 59 || second > 59) return false;
        var rest = text[19..];
        if (!ReadFraction(ref rest, out var nanoseconds) || !ReadOffset(rest, out var offset)) return false;
        var seconds = FirstSecond + ((long)DaysBefore(year, month, day) * DaySeconds) + (hour * 3600) + (minute * 60) + second - (60L * offset);
        time = new Timestamp(seconds, nanoseconds, offset);
        return true;
    }

    /// <summary>Parses RFC 3339.</summary>
    /// <exception cref="FormatException">The text is anything else.</exception>
    public static Timestamp Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[64];
        if (text.Length <= bytes.Length && Encoding.UTF8.TryGetBytes(text, bytes, out var length) && TryParse(bytes[..length], out var time)) return time;
        throw new FormatException($"'{text}' is not a time in RFC 3339.");
    }

    // Years begin in March here, so that the leap day is the last day of one, and they are counted from 1 March of the
    // year -400. A cycle of 400 years has 146 097 days; the last one before that of year 0 lacks January and February of it.
    private const int CycleDays = 146_097, DaysBeforeYearZero = CycleDays - 31 - 29;

    private static void WriteDate(Span<byte> text, int day)
    {
        var (era, ofEra) = Math.DivRem(day + DaysBeforeYearZero, CycleDays);
        var yearOfEra = (ofEra - (ofEra / 1460) + (ofEra / 36_524) - (ofEra / 146_096)) / 365;
        var ofYear = ofEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthFromMarch = ((5 * ofYear) + 2) / 153;
        var year = ((era - 1) * 400) + yearOfEra + (monthFromMarch >= 10 ? 1 : 0);
        TwoDigits(text, year / 100);
        TwoDigits(text[2..], year % 100);
        text[4] = text[7] = (byte)'-';
        TwoDigits(text[5..], monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9);
        TwoDigits(text[8..], ofYear - (((153 * monthFromMarch) + 2) / 5) + 1);
    }

    private static int DaysBefore(int year, int month, int day)
    {
        var marchYear = year + 400 - (month <= 2 ? 1 : 0);
        var monthFromMarch = (month + 9) % 12;
        var ofYear = (((153 * monthFromMarch) + 2) / 5) + day - 1;
        return (365 * marchYear) + (marchYear / 4) - (marchYear / 100) + (marchYear / 400) + ofYear - DaysBeforeYearZero;
    }

    private static void WriteClock(Span<byte> text, int second)
    {
        text[0] = (byte)'T';
        TwoDigits(text[1..], second / 3600);
        text[3] = text[6] = (byte)':';
        TwoDigits(text[4..], second / 60 % 60);
        TwoDigits(text[7..], second % 60);
    }

    private int WriteFraction(Span<byte> text)
    {
        if (Nanoseconds == 0) return 0;
        text[0] = (byte)'.';
        var digits = Nanoseconds;
        var length = 1;
        for (var i = 9; i >= 1; i--)
        {
            text[i] = (byte)('0' + (digits % 10));
            if (length == 1 && digits % 10 != 0) length = i + 1;
            digits /= 10;
        }
        return length;
    }

    private int WriteOffset(Span<byte> text)
    {
        text[0] = (byte)(OffsetMinutes == 0 ? 'Z' : OffsetMinutes < 0 ? '-' : '+');
        if (OffsetMinutes == 0) return 1;
        var (hours, minutes) = Math.DivRem(Math.Abs((int)OffsetMinutes), 60);
        TwoDigits(text[1..], hours);
        text[3] = (byte)':';
        TwoDigits(text[4..], minutes);
        return 6;
    }

    private static void TwoDigits(Span<byte> text, int value)
    {
        text[1] = (byte)('0' + (value % 10));
        text[0] = (byte)('0' + (value / 10));
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit)) return false;
            value = (10 * value) + digit - '0';
        }
        return !text.IsEmpty;
    }

    private static bool ReadFraction(ref ReadOnlySpan<byte> text, out int nanoseconds)
    {
        nanoseconds = 0;
        if (text[0] != '.') return true;
        var length = 1;
        for (var unit = 100_000_000; length < text.Length && char.IsAsciiDigit((char)text[length]); length++, unit /= 10)
            nanoseconds += (text[length] - '0') * unit;
        text = text[length..];
        return length > 1;
    }

    private static bool ReadOffset(ReadOnlySpan<byte> text, out short minutes)
    {
        minutes = 0;
        if (text.SequenceEqual("Z"u8)) return true;
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':') return false;
        if (!Digits(text[1..3], out var hour) || !Digits(text[4..6], out var minute) || hour > 23 || minute > 59) return false;
        minutes = (short)((text[0] == '-' ? -1 : 1) * ((60 * hour) + minute));
        return true;
    }
}
