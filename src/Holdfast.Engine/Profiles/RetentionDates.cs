using System.Globalization;

namespace Holdfast.Engine.Profiles;

/// <summary>What a schema cannot say: the day on which a pin ends is on the calendar.</summary>
internal static class RetentionDates
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        foreach (var (index, pin) in (root.Find("retention")?.Find("pins")?.Items ?? []).Index())
        {
            if (pin.Find("until") is not { IsScalar: true } until || IsDay(until.Text)) continue;
            var message = $"'{until.Text}' is not a day of the calendar.";
            mistakes.Add(new ProfileMistake(until.Place, $"retention.pins[{index}].until", message));
        }
    }

    private static bool IsDay(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
