// However writes end and servers restart, each rejected record is in the dead-letter topic at most once, and once all
// is well exactly once, but for those that were told as lost; and no list ever outgrows its limit.
#include "stream/dead_letter_book.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace pipeline {
namespace {

DeadLetter Letter(const DeadPlace& place, size_t value_bytes) {
  DeadLetter letter;
  letter.place = place;
  letter.reason = RejectReason::kNotJson;
  letter.value = std::string(value_bytes, 'x');
  return letter;
}

// A source log, the topic that is written, and a server on both that may die at any time.
class World {
 public:
  explicit World(const DeadLetterLimits& limits) : limits_(limits) { Restart(); }

  void Restart() {
    // What was under way may still have reached Kafka, or not.
    for (const DeadPlace& place : in_flight_) {
      if (*rc::gen::arbitrary<bool>()) ++topic_[place];
    }
    in_flight_.clear();
    lost_.clear();
    book_ = std::make_unique<DeadLetterBook>(limits_);
    read_ = 0;
  }
  void Reject() { log_.push_back({static_cast<int64_t>(log_.size() / 3), static_cast<int32_t>(log_.size() % 3), 7}); }
  void ReadAgain() { read_ = 0; }
  void ReadOne() {
    if (read_ == log_.size()) return;
    const DeadPlace place = log_[read_++];
    DeadLetter letter = Letter(place, place.offset % 5 == 4 ? 2000 : 100);
    const auto keep = book_->Offer(place, letter.bytes());
    if (keep == DeadLetterBook::Keep::kLetter) book_->Put(std::move(letter));
    Check();
  }
  void ReadKnown() {
    if (!book_->known_wanted() || !in_flight_.empty()) return;
    for (const auto& [place, count] : topic_) {
      if (count > 0) book_->AddKnown(place);
    }
    book_->EndKnown();
  }
  void Send() {
    const DeadLetter* letter = book_->Next();
    if (letter != nullptr) in_flight_.push_back(letter->place);
    Check();
  }
  void Acknowledge(int kind) {
    if (in_flight_.empty()) return;
    const DeadPlace place = in_flight_.back();
    if (kind == 2) {
      for (const DeadPlace& at : in_flight_) {
        if (*rc::gen::arbitrary<bool>()) ++topic_[at];
      }
      in_flight_.clear();
      book_->InDoubt();
      return;
    }
    in_flight_.pop_back();
    if (kind == 0) {
      ++topic_[place];
      book_->Written(place);
    } else {
      book_->NotWritten(place);
    }
    Check();
  }
  void Fetch(size_t count) {
    for (const DeadPlace& place : book_->PlacesToFetch(count)) {
      if (!book_->Fetched(Letter(place, 100))) break;
    }
    Check();
  }
  void Check() {
    RC_ASSERT(book_->letters() <= limits_.letters_max);
    RC_ASSERT(book_->places() <= limits_.places_max);
    RC_ASSERT(book_->letter_bytes() <= limits_.bytes_max || book_->letters() == 1);
    RC_ASSERT(book_->known_bytes() <= limits_.known_bytes_max);
  }
  void TakeLost() {
    for (const LostRange& range : book_->TakeLost()) lost_.push_back(range);
  }
  // All is well from now on.
  void Settle() {
    while (read_ < log_.size()) ReadOne();
    for (int round = 0; book_->counts().pending > 0; ++round) {
      RC_ASSERT(round < 10'000);
      while (!in_flight_.empty()) Acknowledge(0);
      ReadKnown();
      Fetch(4);
      Send();
    }
    TakeLost();
    int64_t lost = 0;
    for (const LostRange& range : lost_) lost += range.records;
    RC_ASSERT(lost == book_->counts().lost);
    int64_t missing = 0;
    int64_t untold = 0;
    for (const DeadPlace& place : log_) {
      const int count = topic_[place];
      RC_ASSERT(count <= 1);
      if (count == 1) continue;
      ++missing;
      bool told = false;
      for (const LostRange& range : lost_) {
        told =
            told || (range.partition == place.partition && range.first <= place.offset && place.offset <= range.last);
      }
      untold += told ? 0 : 1;
    }
    // Those that are missing were told as lost, or as forgotten.
    RC_ASSERT(untold <= book_->counts().assumed);
    RC_ASSERT(missing <= lost + book_->counts().assumed);
    RC_ASSERT((book_->counts().forgotten > 0) || (book_->counts().assumed == 0));
  }
  const DeadLetterBook& book() const { return *book_; }

 private:
  const DeadLetterLimits limits_;
  std::vector<DeadPlace> log_;
  std::map<DeadPlace, int> topic_;
  std::unique_ptr<DeadLetterBook> book_;
  size_t read_ = 0;
  std::vector<DeadPlace> in_flight_;
  std::vector<LostRange> lost_;
};

RC_GTEST_PROP(DeadLetterBookTest, EachIsWrittenOnceWhateverHappens, ()) {
  DeadLetterLimits limits;
  limits.letters_max = *rc::gen::inRange(1, 6);
  limits.bytes_max = *rc::gen::inRange(300, 4000);
  limits.places_max = *rc::gen::element(0, 1, 3, 1000);
  limits.known_bytes_max = *rc::gen::element<int64_t>(16, 48, 160, 1'000'000);
  World world(limits);
  const auto steps =
      *rc::gen::resize(400, rc::gen::container<std::vector<int>>(rc::gen::resize(100, rc::gen::inRange(0, 14))));
  for (const int step : steps) {
    if (step <= 2) world.Reject();
    if (step == 2 || step == 3 || step == 4) world.ReadOne();
    if (step == 5) world.ReadKnown();
    if (step == 6 || step == 7) world.Send();
    if (step >= 8 && step <= 10) world.Acknowledge(step - 8);
    if (step == 11) world.Fetch(3);
    if (step == 12) *rc::gen::arbitrary<bool>() ? world.Restart() : world.ReadAgain();
    if (step == 13) world.TakeLost();
  }
  world.Settle();
}

TEST(DeadLetterBookTest, NothingIsSentBeforeTheTopicWasRead) {
  DeadLetterBook book({});
  ASSERT_EQ(book.Offer({5, 0, 1}, 300), DeadLetterBook::Keep::kLetter);
  book.Put(Letter({5, 0, 1}, 10));
  EXPECT_EQ(book.Next(), nullptr);
  book.AddKnown({5, 0, 1});
  book.EndKnown();
  EXPECT_EQ(book.Next(), nullptr) << "it is there already";
  EXPECT_EQ(book.counts().found, 1);
  EXPECT_EQ(book.counts().pending, 0);
}

TEST(DeadLetterBookTest, AnotherLogsRecordAtTheSamePlaceIsAnotherLetter) {
  DeadLetterBook book({});
  book.AddKnown({5, 0, 1});
  book.EndKnown();
  EXPECT_EQ(book.Offer({5, 0, 2}, 300), DeadLetterBook::Keep::kLetter);
  EXPECT_EQ(book.Offer({5, 1, 1}, 300), DeadLetterBook::Keep::kLetter);
  EXPECT_EQ(book.Offer({5, 0, 1}, 300), DeadLetterBook::Keep::kLetter) << "read again: the topic has to be, too";
  EXPECT_TRUE(book.known_wanted());
}

TEST(DeadLetterBookTest, KeepsLettersThenPlacesThenCounts) {
  DeadLetterBook book({.letters_max = 2, .bytes_max = 10'000, .places_max = 2});
  std::vector<DeadLetterBook::Keep> kept;
  for (int64_t offset = 0; offset < 6; ++offset) {
    const DeadLetter letter = Letter({offset, 0, 1}, 10);
    kept.push_back(book.Offer(letter.place, letter.bytes()));
    if (kept.back() == DeadLetterBook::Keep::kLetter) book.Put(letter);
  }
  using Keep = DeadLetterBook::Keep;
  EXPECT_EQ(kept, (std::vector{Keep::kLetter, Keep::kLetter, Keep::kPlace, Keep::kPlace, Keep::kLost, Keep::kLost}));
  const std::vector<LostRange> lost = book.TakeLost();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].first, 4);
  EXPECT_EQ(lost[0].last, 5);
  EXPECT_EQ(lost[0].records, 2);
  EXPECT_TRUE(book.TakeLost().empty());
  EXPECT_EQ(book.counts().lost, 2);
  EXPECT_EQ(book.counts().lost_ranges, 1);
  EXPECT_EQ(book.counts().pending, 4);
}

TEST(DeadLetterBookTest, BytesAreALimitButNotForOneAlone) {
  DeadLetterBook book({.letters_max = 10, .bytes_max = 1'000, .places_max = 10});
  const DeadLetter large = Letter({0, 0, 1}, 5'000);
  ASSERT_EQ(book.Offer(large.place, large.bytes()), DeadLetterBook::Keep::kLetter);
  book.Put(large);
  EXPECT_EQ(book.Offer({1, 0, 1}, 1), DeadLetterBook::Keep::kPlace);
  book.EndKnown();
  ASSERT_NE(book.Next(), nullptr);
  book.Written(large.place);
  EXPECT_EQ(book.letter_bytes(), 0);
  EXPECT_EQ(book.PlacesToFetch(10).size(), 1u);
}

TEST(DeadLetterBookTest, WhatTheTopicHoldsIsRememberedAsFarAsThereIsRoom) {
  constexpr int64_t kRemembered = 100;
  DeadLetterBook book({.known_bytes_max = kRemembered * static_cast<int64_t>(sizeof(DeadPlace))});
  for (int64_t offset = 0; offset < 1'000; ++offset) {
    book.AddKnown({offset, 0, 1});
    if (offset % 10 == 0) book.AddKnown({offset, 1, 1});
  }
  book.EndKnown();
  EXPECT_LE(book.known_bytes(), kRemembered * static_cast<int64_t>(sizeof(DeadPlace)));
  EXPECT_GE(book.known_bytes(), kRemembered * static_cast<int64_t>(sizeof(DeadPlace)) / 2);
  EXPECT_EQ(book.counts().forgotten, 1'100 - book.known_bytes() / static_cast<int64_t>(sizeof(DeadPlace)));
  using Keep = DeadLetterBook::Keep;
  EXPECT_EQ(book.Offer({2, 0, 1}, 300), Keep::kHeld) << "it may be there";
  EXPECT_EQ(book.counts().assumed, 1);
  EXPECT_EQ(book.Offer({999, 0, 1}, 300), Keep::kHeld) << "it is known";
  EXPECT_EQ(book.counts().found, 2);
  EXPECT_EQ(book.counts().assumed, 1);
  EXPECT_EQ(book.Offer({1'000, 0, 1}, 300), Keep::kLetter) << "it is beyond all that was forgotten";
  EXPECT_EQ(book.Offer({0, 2, 1}, 300), Keep::kLetter) << "nothing of that partition was forgotten";
}

TEST(DeadLetterBookTest, PartitionsTakeTurns) {
  DeadLetterBook book({});
  for (int64_t offset = 0; offset < 3; ++offset) {
    for (int32_t partition = 0; partition < 2; ++partition) {
      book.Offer({offset, partition, 1}, 1);
      book.Put(Letter({offset, partition, 1}, 1));
    }
  }
  book.EndKnown();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(book.Next()->place.partition, i < 3 ? 0 : 1);
  book.Offer({9, 0, 1}, 1);
  book.Put(Letter({9, 0, 1}, 1));
  EXPECT_EQ(book.Next()->place.partition, 1) << "what came later to another partition waits its turn";
}

}  // namespace
}  // namespace pipeline
